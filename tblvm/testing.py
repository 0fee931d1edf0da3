"""A test kit for plug-ins: `check` compares an opcode with its own declaration (tools/testing.py)."""

from __future__ import annotations

from .tools.testing import Checked, check

__all__ = ["Checked", "check"]
