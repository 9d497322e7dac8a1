"""Bench of a bank of events: bits are set in a bank that is empty before, and read as they are."""

from random import Random

from model.accelerator.config import AcceleratorConfig
from sim.harness.checker import expect
from sim.harness.port import Port


async def check_event_bank(port: Port, config: AcceleratorConfig, seed: int, packets: int = 8) -> set[str]:
    """Packet after packet: events, often in the word before; some are discarded; each is read while it is there, and
    those before it, as far as there is room. Gives what was met."""
    random, met = Random(seed), set()
    room, words, bits = 1 << config.bank_bits - 1, config.input_words, config.input_word_width
    kept: list[list[int]] = []  # packets that are there, the last one first
    turn = 0

    async def step(**values: int) -> None:
        idle = {"set": 0, "release": 0, "discard": 0, "read": 0, "turn": 0}
        junk = {
            "set_address": random.randrange(words),
            "index": random.randrange(bits),
            "address": random.randrange(words),
        }
        for path, value in (idle | junk | values).items():
            port.set(path, value)
        await port.tick()

    async def cleared() -> None:
        for cycle in range(words):
            await step()
            expect(port.get("clean") == 0, f"clean after {cycle} of {words} cycles")
        await step()
        expect(port.get("clean") == 1, f"not clean after {words} cycles")

    async def events() -> list[int]:
        """Of a packet, as words; the last event is of the cycle before."""
        found, address = [0] * words, random.randrange(words)
        for _ in range(random.randrange(2 * words + 2)):
            if random.random() < 0.3:
                await step()
                met.add("a pause")
            address = address if random.random() < 0.5 else random.randrange(words)
            bit = random.randrange(bits)
            met.add("the word before" if found[address] else "another word")
            found[address] |= 1 << bit
            await step(set=1, set_address=address, index=bit)
            expect(port.get("clean") == 1, "not clean while events come")
        return found

    await cleared()
    for number in range(packets):
        while random.random() < 0.5:
            await events()
            what = random.choice(["", "at once"])
            await step(discard=1, set=int(bool(what)))
            met.add(f"discarded {what}")
            await cleared()
        kept.insert(0, await events())
        await step()  # the last bit is written in the cycle after the one in which its word is read
        shown: int | None = None
        for address in [*range(words), *(random.randrange(words) for _ in range(4))]:
            back = random.randrange(min(room, len(kept)))
            await step(read=1, address=address, turn=(turn - back) % room)
            expect(shown in (None, port.get("word")), f"packet {number}: {port.get('word')} is read, expected {shown}")
            shown = kept[back][address]
            met |= {"an earlier packet"} if back else set()
            if random.random() < 0.2:
                await step()
                expect(port.get("word") == shown, f"packet {number}: {port.get('word')} is read, expected {shown}")
        await step(release=1)
        expect(port.get("word") == shown, f"packet {number}: {port.get('word')} is read, expected {shown}")
        turn, kept = (turn + 1) % room, kept[: room - 1]
        await cleared()
    return met
