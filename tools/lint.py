"""Every check that is no test, one after the other; all of them run, and any that fails fails the whole.

python -m tools.lint
"""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = (
    ("ruff", "check", "--quiet"),
    ("ruff", "format", "--check", "--quiet"),
    ("mypy", "--no-error-summary"),
    ("lint-imports",),
)


def run(check: tuple[str, ...]) -> bool:
    """Run one check; print its output only if it failed."""
    tool, *arguments = check
    done = subprocess.run([BIN / tool, *arguments], capture_output=True, encoding="utf-8", check=False)
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {' '.join(check)}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    results = [run(check) for check in CHECKS]
    sys.exit(0 if all(results) else 1)
