"""Opcode 55: other programs."""

from __future__ import annotations

from ...opcodes import CORE, OpcodeSet, i32, string
from . import services

op = OpcodeSet(CORE, library="scripts")


@op(0x55, "SCRIPT_EXEC")
def script_exec(name: string) -> i32:
    """Runs the program of this name from its entry point to its end; its exit status, as of a process.

    The program is an instance of its own: it has its own stack, heap, globals, memories and tables, as large
    as the caller's. Console, fuel and deadline are the caller's. A trap in it is reported on standard error,
    and gives its status (124 or 134). Traps NOT_GRANTED for null and any name but those that the runtime was
    built with (`--bundle`), STACK_OVERFLOW where too many programs wait for each other.
    """
    return services.script_exec(name)
