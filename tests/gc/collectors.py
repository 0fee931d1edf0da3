"""What the tests of collectors share: which there are, and how runs are compared."""

from __future__ import annotations

import os
from pathlib import Path

from tests.harness import Harness, Run, compiled

SEED = int(os.environ.get("TBLVM_TEST_SEED", "19600401"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))

ROOT = Path(__file__).parents[2]
SEMISPACE = ROOT / "tests" / "outside" / "semispace"
EXAMPLES = sorted((ROOT / "examples").glob("*.tba"))

# Name of the collector -> the plug-ins that it comes from.
COLLECTORS: dict[str, tuple[Path, ...]] = {"marksweep": (), "gc.semispace": (SEMISPACE,)}


def harness(collector: str, *, sanitize: bool = False) -> Harness:
    return compiled(collector, sanitize=sanitize, plugins=COLLECTORS[collector])


def live_limit(collector: str, heap: int) -> int:
    """Bytes of objects that a heap of so many bytes holds at most."""
    usable = heap & ~7
    return usable if collector == "marksweep" else usable // 2 & ~7


def observed(run: Run) -> tuple[object, ...]:
    """What every collector must do alike: all but where objects are."""
    return (
        run.wait_status,
        run.trap,
        run.status,
        run.output,
        run.fuel_used,
        run.trace,
        run.collections,
    )
