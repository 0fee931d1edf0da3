"""tblvm: assemble, disassemble, verify, and show what is declared. One file a group of commands."""

from __future__ import annotations

import click

from ..core.command import EXIT_STATUS, Tool
from .cache import cache
from .command import SETTINGS
from .completion import completion
from .doctor import doctor
from .ops import ops
from .options import options
from .plugins import plugins
from .programs import asm, dis, verify
from .run import run
from .show import show


class _Group(Tool, click.Group):
    """Its commands are parts of one command line."""


@click.group(cls=_Group, epilog=EXIT_STATUS, context_settings=SETTINGS)
@click.version_option(package_name="tblvm", prog_name="tblvm")
def main() -> None:
    """Run, assemble, disassemble and verify programs, and show what opcodes and plug-ins there are.

    tbbuild makes executables of programs. Data go to standard output, messages to standard error.
    """


for each in (run, asm, dis, verify, ops, show, plugins, options, cache, doctor, completion):
    main.add_command(each)
