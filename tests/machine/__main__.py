"""`python -m tests.machine`: tests, or any command, in a machine with protection keys; see tests/machine/__init__.py."""

from __future__ import annotations

import argparse
import shutil
import sys

from . import emulator
from .kernels import SERIES, KernelError
from .machine import Machine, PrebuildError, places
from .runtimes import Words, listed, write

USER = 1000


def main() -> int:
    """0 where all is as it should be, otherwise 1; 6 where there is no machine."""
    parser = argparse.ArgumentParser(prog="python -m tests.machine", allow_abbrev=False)
    parser.add_argument(
        "--kernel", action="append", help=f"one of {', '.join(SERIES)}; again for more; default: all"
    )
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--memory", type=int, default=2048, help="MiB")
    parser.add_argument("--deadline", type=float, default=600, help="seconds")
    parser.add_argument("--user", action="store_true", help="as an ordinary user, not as root")
    parser.add_argument("--all", action="store_true", help="also what was shown without the machine")
    parser.add_argument("--learn", action="store_true", help="write anew which runtimes are built before")
    parser.add_argument("--command", nargs=argparse.REMAINDER, help="run this instead of pytest")
    given, selection = parser.parse_known_args()
    if why := emulator.missing():
        print(why, file=sys.stderr)
        return 6
    failed = False
    used: set[Words] = set()
    for kernel in given.kernel or SERIES:
        machine = Machine(kernel, given.cpus, given.memory, given.deadline, USER * given.user, live=True)
        try:
            if given.command:
                command = given.command
                if command[0] == "python":
                    command = [sys.executable, *command[1:]]
                outcome = machine.run(command, places())
                failed |= outcome.status != 0
                print(f"Linux {kernel}: status {outcome.status} after {outcome.seconds:.0f} s")
                if outcome.status != 0:
                    print(outcome.error or outcome.kernel)
                continue
            outcome = machine.tests(selection or places(), everything=given.all)
            while given.learn and outcome.missing - set(listed(everything=given.all)):
                used |= outcome.runtimes
                write({*used, *listed(everything=given.all)}, everything=given.all)
                outcome = machine.tests(selection or places(), everything=given.all)
            used |= outcome.runtimes
        except (KernelError, PrebuildError) as error:
            print(error, file=sys.stderr)
            return 6
        problems = outcome.problems()
        failed |= bool(problems)
        width = shutil.get_terminal_size().columns
        for each in problems:
            if "failed inside" not in each:  # shown already
                print("-" * width, each, sep="\n")
        print(outcome.summary)
    if given.learn:
        write({*used, *(listed(everything=given.all) if selection else ())}, everything=given.all)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
