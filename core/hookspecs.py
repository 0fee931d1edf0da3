"""Every hook, in the order in which they are called. A plug-in is a module with functions of these names.

    from tblvm.core.hookspecs import hookimpl

    @hookimpl
    def tblvm_opcodes():
        return [my_opcodes]

Built-in rooms use the same hooks. Hooks return values; nothing is registered behind the caller's back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from ..opcodes import OpcodeSet
    from .parts import Engine, FrontEnd, MicroLibrary, Mode, Pass, ReportFormat, Target

hookspec = pluggy.HookspecMarker("tblvm")
hookimpl = pluggy.HookimplMarker("tblvm")


@hookspec
def tblvm_opcodes() -> Sequence[OpcodeSet]:  # type: ignore[empty-body]
    """The opcodes that this plug-in declares."""


@hookspec
def tblvm_micro_libraries() -> Sequence[MicroLibrary]:  # type: ignore[empty-body]
    """The micro-libraries that runtimes can be composed of."""


@hookspec
def tblvm_front_ends() -> Sequence[FrontEnd]:  # type: ignore[empty-body]
    """Translators from a file's content to a module. The first that recognises the content is taken."""


@hookspec
def tblvm_passes() -> Sequence[Pass]:  # type: ignore[empty-body]
    """Optimiser passes: each makes a module of a verified one, between front-end and build."""


@hookspec
def tblvm_engines() -> Sequence[Engine]:  # type: ignore[empty-body]
    """Engines: printers of C that executes resolved code."""


@hookspec
def tblvm_targets() -> Sequence[Target]:  # type: ignore[empty-body]
    """Machines to build for."""


@hookspec
def tblvm_modes() -> Sequence[Mode]:  # type: ignore[empty-body]
    """Presets with a budget in bytes."""


@hookspec
def tblvm_report_formats() -> Sequence[ReportFormat]:  # type: ignore[empty-body]
    """Ways to show a footprint report."""


@hookspec
def tblvm_commands() -> Sequence[click.Command]:  # type: ignore[empty-body]
    """Commands: `tblvm NAME` runs one. Asked for names that are not tblvm's own, and for lists."""
