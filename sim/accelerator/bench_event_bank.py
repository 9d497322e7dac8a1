"""Bench of a bank of events: they are counted in a bank that is empty before, and read as they are."""

from random import Random

from model.accelerator.config import AcceleratorConfig
from model.inputs import Inputs
from sim.harness.checker import expect
from sim.harness.port import Port


def count_of(word: int, index: int, inputs: Inputs) -> int:
    """The count of that number in a word, or the bit of spikes."""
    return word >> index * inputs.planes & inputs.largest


def with_event(word: int, index: int, inputs: Inputs) -> int:
    """A word after one more event of a count."""
    return word + ((count_of(word, index, inputs) < inputs.largest) << index * inputs.planes)


async def check_event_bank(port: Port, config: AcceleratorConfig, seed: int, packets: int = 8) -> set[str]:
    """Packet after packet: events, often in the word before or of the place before, more than it counts; some are
    discarded; each is read while it is there, and those before it, as far as there is room. Gives what was met."""
    random, met = Random(seed), set()
    room, words, counts = 1 << config.bank_bits - 1, config.input_words, config.input_word_width // config.inputs.planes
    kept: list[list[int]] = []  # packets that are there, the last one first
    turn = 0

    async def step(**values: int) -> None:
        idle = {"set": 0, "release": 0, "discard": 0, "read": 0, "turn": 0}
        junk = {
            "set_address": random.randrange(words),
            "index": random.randrange(counts),
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
        found, address, last, paused = [0] * words, random.randrange(words), None, False
        for _ in range(random.randrange(2 * words + 2)):
            address = address if random.random() < 0.5 else random.randrange(words)
            index = random.randrange(counts)
            for _ in range(random.choice([1, 1, 1, config.inputs.largest + 2])):
                if paused := random.random() < 0.3:
                    await step()
                    met.add("a pause")
                met.add("the word before" if found[address] else "another word")
                if count_of(found[address], index, config.inputs) == config.inputs.largest:
                    met.add("a full place")
                if not paused and last == (address, index):
                    met.add("a place back to back")
                found[address], last = with_event(found[address], index, config.inputs), (address, index)
                await step(set=1, set_address=address, index=index)
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
