"""The isolation suite in a machine with protection keys, on each kernel."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable

import pytest

from . import emulator
from .conftest import TOLD
from .kernels import SERIES, KernelError
from .keys import INSIDE
from .machine import Machine, PrebuildError, places

KERNELS = os.environ.get("TBLVM_MACHINE_KERNELS", "").replace(",", " ").split() or SERIES
SELECTION = shlex.split(os.environ.get("TBLVM_MACHINE_SELECT", "")) or places()
DEADLINE = float(os.environ.get("TBLVM_MACHINE_DEADLINE", "900"))
# Where a missing machine is an error: in CI.
REQUIRED = bool(os.environ.get("TBLVM_REQUIRE_MACHINE") or os.environ.get("CI"))

pytestmark = pytest.mark.skipif(INSIDE in os.environ, reason="this is the machine")


@pytest.mark.timeout(DEADLINE + 300)
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_isolation_suite_passes_in_it(
    kernel: str, record_property: Callable[[str, object], None]
) -> None:
    try:
        if why := emulator.missing():
            raise KernelError(why)
        outcome = Machine(kernel, deadline=DEADLINE).tests(SELECTION)
    except (KernelError, PrebuildError) as error:
        record_property(TOLD, f"Linux {kernel}: NOT RUN: {error}")
        if REQUIRED or isinstance(error, PrebuildError):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    record_property(TOLD, outcome.summary)
    if problems := outcome.problems():
        pytest.fail("\n\n".join([outcome.summary, *problems]), pytrace=False)
