"""tblvm: assemble, disassemble, verify, and show what is declared. One file a group of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ..core.command import EXIT_STATUS, Tool, plugin_option, reporting, trace_option
from ..core.errors import TblvmError
from .cache import cache
from .command import SETTINGS
from .completion import completion
from .doctor import doctor
from .map import map_
from .ops import ops
from .options import options
from .plugins import plugins
from .profile import profile
from .programs import asm, dis, verify
from .run import run
from .show import show

_PLUGGED, _DEBUG = "tblvm.plugged", "tblvm.debug"


class _Commands(Tool, click.Group):
    """The commands that are built in, and those of plug-ins: these are loaded only for a list of all commands
    and for a name that is not built in."""

    def plugged(self, context: click.Context) -> Mapping[str, click.Command]:
        """The plug-ins' commands. Raises UsageError, also where one has the name of a built-in one."""
        if _PLUGGED not in context.meta:
            from ..core.registry import load
            from .plugins import commands

            registry = load(context.params.get("plugins") or ())
            context.meta[_PLUGGED] = commands(registry, self.commands)
        found: Mapping[str, click.Command] = context.meta[_PLUGGED]
        return found

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return self.commands.get(name) or self.plugged(context).get(name)

    def list_commands(self, context: click.Context) -> list[str]:
        try:
            return sorted([*self.commands, *self.plugged(context)])
        except TblvmError as error:  # help is still help
            if not context.resilient_parsing:
                click.echo(f"tblvm: {error}", err=True)
            return sorted(self.commands)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not context.resilient_parsing:
            from ..core.registry import choose

            choose("command", args[0], [*self.commands, *self.plugged(context)])
        return super().resolve_command(context, args)

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        context.meta[_DEBUG] = "--debug" in args
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        # Built-in commands report their errors themselves; this is for the others.
        with reporting("tblvm", context.meta[_DEBUG]):
            return super().invoke(context)


@click.group(cls=_Commands, epilog=EXIT_STATUS, context_settings=SETTINGS)
@plugin_option(is_eager=True)
@trace_option
@click.version_option(package_name="tblvm", prog_name="tblvm")
def main(**given: object) -> None:
    """Run, assemble, disassemble and verify programs, and show what opcodes and plug-ins there are.

    tbbuild makes executables of programs. Data go to standard output, messages to standard error.
    """


for each in (run, profile, map_, asm, dis, verify, ops, show, plugins, options, cache, doctor, completion):
    main.add_command(each)
