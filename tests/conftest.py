"""What tests of every room use."""

from __future__ import annotations

import gc
import os

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
