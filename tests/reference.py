"""Runs a program in the reference interpreter: `python -m tests.reference PROGRAM.tba`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.harness import Job, assembled, reference


def main() -> int:
    verified = assembled(Path(sys.argv[1]).read_text())
    _, outcome, output = reference(Job(verified, sys.stdin.buffer.read(), heap=1 << 24))
    sys.stdout.buffer.write(output)
    if outcome.trap is not None:
        print(f"trap: {outcome.trap.message}", file=sys.stderr)
    return outcome.status


if __name__ == "__main__":
    sys.exit(main())
