"""The service that runs other programs: declaration and model. The C is in c/ and in core/c/instances.c."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...opcodes import Trap, i32, service, string
from ...opcodes.meaning import machine
from ...opcodes.traps import TrapSignal
from ..verified import Verified

NOT_GRANTED = Trap("NOT_GRANTED", "no program of this name is granted")


@dataclass(frozen=True, slots=True)
class Scripts:
    """What a program can run, by name. most: how many can be under way besides the first one; depth: how many
    are."""

    programs: Mapping[str, Verified] = field(default_factory=dict)
    most: int = 4
    depth: int = 0

    def inner(self) -> Scripts:
        return replace(self, depth=self.depth + 1)


@service(
    "tb_scripts_exec",
    library="script-runner",
    effects={"reads input", "writes output", "may block", "spends fuel"},
    traps=(NOT_GRANTED, Trap.STACK_OVERFLOW),
)
def script_exec(name: string) -> i32:
    running = machine()
    scripts = running.state(Scripts)
    found = scripts.programs.get(running.string(name.v) or "") if name.v else None
    if found is None:
        raise TrapSignal(NOT_GRANTED)
    if scripts.depth == scripts.most:
        raise TrapSignal(Trap.STACK_OVERFLOW)
    return i32(running.run_other(found).status)
