"""What every bench uses: simulators, streams, checker, clock, jobs."""
