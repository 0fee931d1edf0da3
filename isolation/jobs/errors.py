"""What goes wrong with jobs besides what goes wrong with their programs."""

from __future__ import annotations

from ...core.errors import Portable


class InputError(Portable, ValueError):
    """An input is nothing that the program can be given. It has not run for it."""


class WorkerLost(Portable, RuntimeError):
    """Whoever was to run the program for an input is gone before it answered: killed, or out of memory. How
    far the program came nobody knows."""
