"""Starting a command line imports next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATE = (
    "rich",
    "elftools",
    "jinja2",
    "subprocess",
    "importlib.metadata",
    "pluggy",
    "tblvm.opcodes",
    "decimal",
)


@pytest.mark.parametrize("module", ["tblvm.builder.cli", "tblvm.tools.cli"])
def test_only_click_is_imported_up_front(module: str) -> None:
    # click itself may import some of them: what counts is what our module adds to it.
    code = (
        f"import sys, click; before = set(sys.modules); import {module}; print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    added = done.stdout.split()
    assert module in added
    early = [name for name in added if any(name == late or name.startswith(late + ".") for late in LATE)]
    assert early == []
    others = [name for name in added if not name.startswith("tblvm")]
    assert set(others) <= set(sys.stdlib_module_names) | {name for name in others if "." in name}
