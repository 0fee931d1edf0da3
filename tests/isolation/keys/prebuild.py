"""What the tests here use and is compiled: see tests/machine."""

from __future__ import annotations

from tblvm.isolation.keys import supervisor


def prebuild() -> None:
    supervisor.image()
