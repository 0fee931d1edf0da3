"""Hook implementations of the room `stack`: frames and the stack trace."""

from __future__ import annotations

from pathlib import Path

from ..core.hookspecs import hookimpl
from ..core.parts import Memory, MicroLibrary, Option
from ..core.program import stack_bytes
from ..opcodes import OpcodeSet
from . import ops
from .trace import trace_tables

ROOM = Path(__file__).parent


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="stack",
            doc="frames on the VM stack, and its limit",
            room=ROOM,
            size=40,
            provides=("frames",),
            requires=("platform",),
            sources=("c/frame.c",),
            headers=("c",),
            context=(
                "cell *stack_base;\ncell *sp;\ncell *fp;\n"
                "const struct tb_function *function;\nconst u8 *ip;\nu32 cells_left;"
            ),
            on_start=("tb_stack_start",),
            memory=(
                Memory(
                    "stack", "VM stack", lambda plan, _: stack_bytes(plan.options["stack"], plan.cell_bits)
                ),
            ),
            options=(
                Option(
                    name="stack",
                    default=65536,
                    kind="number",
                    macro="TB_STACK_CELLS",
                    doc="Stack limit in cells: parameters, locals and operands of all frames, and 2 a frame.",
                    minimum=4,
                    maximum=0x10000000,
                ),
            ),
        ),
        MicroLibrary(
            name="stack.trace",
            doc="function and line of each frame in the report of a trap",
            room=ROOM,
            size=350,
            requires=("frames", "traps", "support"),
            comes_along="welcome",
            sources=("c/trace.c",),
            headers=("c",),
            on_trap=("tb_stack_trace",),
            tables=trace_tables,
        ),
    ]
