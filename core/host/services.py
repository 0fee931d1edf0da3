"""The service that calls functions of the host: declaration and model. Interface `host` in c/tb_host.h."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...opcodes import Trap, i32, service
from ...opcodes.meaning import machine
from ...opcodes.traps import TrapSignal

HOST_FAILED = Trap("HOST_FAILED", "a host function failed")
# No mistake of the program: it ends as one that has stopped by itself, with the exit status that it says.
EXITED = Trap("EXITED", "the program has ended itself", status=0)


class HostError(Exception):
    """What a host function of a model raises to fail."""


@dataclass(frozen=True, slots=True)
class Host:
    """What a program of the reference interpreter can import, by module and name.

    A function takes and gives cells as the interpreter has them (integers signed, floats as their bits,
    references as numbers): nothing, one, or a tuple. What it raises as HostError or as a trap fails.
    """

    functions: Mapping[tuple[str, str], Callable[..., int | tuple[int, ...] | None]] = field(
        default_factory=dict
    )


@service(
    "tb_host_call",
    library="host",
    effects={
        "uses frame",
        "may block",
        "spends fuel",
        "writes output",
        "reads input",
        "writes heap",
        "makes strings",
        "writes linear memory",
        "moves linear memory",
        "writes tables",
        "moves tables",
    },
    traps=(HOST_FAILED, EXITED),
)
def call(which: i32) -> None:
    running = machine()
    frame, wanted = running.frames[-1], running.module.imports[which.v]
    parameters = len(running.module.function_type(frame.function).parameters)
    function = running.state(Host).functions.get((wanted.module, wanted.name))
    try:
        given = None if function is None else function(*frame.locals[:parameters])
    except (HostError, TrapSignal):
        function = None
    if function is None:
        raise TrapSignal(HOST_FAILED)
    results = given if isinstance(given, tuple) else () if given is None else (given,)
    assert len(results) == len(frame.locals) - parameters, "a host function gives what its type says"
    frame.locals[parameters:] = results
