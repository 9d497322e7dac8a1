"""How the benches of the accelerator's components are run in Amaranth's simulator."""

from sim.harness.port import simulate_in_amaranth

WAITS = (0.0, 0.5)


def run(component, check, *arguments):
    """What the bench met."""
    found = []

    async def bench(port):
        found.append(await check(port, *arguments))

    simulate_in_amaranth(component, bench)
    return found[0]
