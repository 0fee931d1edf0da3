"""What tests of every room use."""

from __future__ import annotations

import gc
import os
import random
from pathlib import Path

import pytest
from hypothesis import settings

from tblvm.core.registry import Registry, load
from tblvm.opcodes import Isa
from tests.machine.keys import INSIDE

# Time decides no test: machines are shared.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# What is tested is building; tests of the cache have one of their own. The emulated machine has no compiler, and
# what was built outside in its cache.
if INSIDE not in os.environ:
    os.environ["TBLVM_CACHE_SIZE"] = "0"

# Everything that a test builds and does not say otherwise of, here and in processes that it starts, has this engine.
if "TBLVM_TEST_ENGINE" in os.environ:
    os.environ["TBLVM_ENGINE"] = os.environ["TBLVM_TEST_ENGINE"]

# Of each file one of so many tests, picked by the seed.
SHARE = int(os.environ.get("TBLVM_TEST_SHARE", "1"))
SEED = os.environ.get("TBLVM_TEST_SEED", "7")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SHARE <= 1:
        return
    files: dict[Path, list[pytest.Item]] = {}
    for each in items:
        files.setdefault(each.path, []).append(each)
    kept: set[pytest.Item] = set()
    for path, those in files.items():
        rng = random.Random(f"{SEED} {path.relative_to(config.rootpath)}")
        kept.update(rng.sample(those, -(-len(those) // SHARE)))
    config.hook.pytest_deselected(items=[each for each in items if each not in kept])
    items[:] = [each for each in items if each in kept]


def pytest_report_header() -> str | None:
    return f"one test of {SHARE}: TBLVM_TEST_SEED={SEED}" if SHARE > 1 else None


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The built-in plug-ins, as the command lines load them."""
    return load()


@pytest.fixture(scope="session")
def isa(registry: Registry) -> Isa:
    """The instruction set of the built-in rooms."""
    return registry.isa


def pytest_collection_finish() -> None:
    """What has been imported and collected stays: the garbage collector need not look at it again and again, nor
    so often for programs of many small objects."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
