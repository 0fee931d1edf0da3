"""Hook implementations of the room `stack`: frames and the stack trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.hookspecs import hookimpl
from ..core.parts import Memory, MicroLibrary, Option
from ..core.program import stack_bytes
from ..opcodes import OpcodeSet
from . import indirect, ops, table_services
from .kinds import LIMITS, MACROS
from .tables import (
    branch_tables,
    function_tables,
    segment_constants,
    table_bytes,
    table_constants,
    type_tables,
)
from .trace import trace_tables

if TYPE_CHECKING:
    from ..builder.compose import Composition

ROOM = Path(__file__).parent


def _signature_tables(composition: Composition) -> str:
    from .signatures import signature_tables  # imports much, and only runtimes that load modules need it

    return signature_tables(composition)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.op, indirect.op]


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
                    "stack", "VM stack", lambda plan, _: stack_bytes(plan.number("stack"), plan.cell_bits)
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
                    limit=True,
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
            macros={
                "TB_TRACE_LOOK(cx, place, name)": "tb_trace_look(cx, place, name)",
                "TB_TRACE_FILE(cx)": "((const char *)tb_trace_file(cx))",
            },
            prototypes="struct tb_place;\n"
            "u32 tb_trace_look(struct tb_context *cx, const struct tb_place *place, const char **name);",
            on_trap=("tb_stack_trace",),
            tables=trace_tables,
            load_sources=("c/trace_load.c",),
            on_load=("tb_trace_load",),
        ),
        MicroLibrary(
            name="stack.verifier",
            doc="checks the code of modules that are loaded",
            room=ROOM,
            size=4000,
            provides=("verifier",),
            requires=("loader",),
            sources=("c/verify.c",),
            headers=("c",),
            macros={**MACROS, **LIMITS},
            generated=_signature_tables,
        ),
        MicroLibrary(
            name="indirect",
            doc="opcodes for function references, indirect and tail calls, branch tables",
            room=ROOM,
        ),
        MicroLibrary(
            name="stack.function-types",
            doc="numbers of the functions' types, to compare",
            room=ROOM,
            provides=("function-types",),
            tables=type_tables,
            load_sources=("c/function_types_load.c",),
            on_load=("tb_function_types_load",),
        ),
        MicroLibrary(
            name="stack.branch-tables",
            doc="targets of branch tables",
            room=ROOM,
            provides=("branch-tables",),
            tables=branch_tables,
            load_sources=("c/branches_load.c",),
            on_load=("tb_branches_load",),
        ),
        MicroLibrary(
            name="stack.tables",
            doc="tables of function references, and the elements in them from the start",
            room=ROOM,
            size=150,
            provides=("function-tables",),
            requires=("platform",),
            sources=("c/tables.c",),
            headers=("c",),
            include=("tb_tables.h",),
            store="u32 *table_at[TB_TABLES];\nu32 table_size[TB_TABLES];\nu32 table_elements_left;",
            on_start=("tb_tables_start",),
            tables=function_tables,
            load_sources=("c/tables_load.c",),
            on_load=("tb_tables_load",),
            constants=table_constants,
            memory=(Memory("tables", "tables", table_bytes),),
            options=(
                Option(
                    name="tables",
                    default=1 << 20,
                    kind="number",
                    macro="TB_TABLES_ELEMENTS",
                    doc="Elements that all tables of functions together can reach.",
                    limit=True,
                ),
            ),
        ),
        MicroLibrary(
            name="stack.tables-grow",
            doc="adds elements to a table",
            room=ROOM,
            size=80,
            requires=("function-tables",),
            sources=("c/tables_grow.c",),
            headers=("c",),
            services=(table_services.grow,),
        ),
        MicroLibrary(
            name="stack.tables-bulk",
            doc="fills and copies parts of tables",
            room=ROOM,
            size=150,
            requires=("function-tables", "support"),
            sources=("c/tables_bulk.c",),
            headers=("c",),
            services=(table_services.fill, table_services.copy),
        ),
        MicroLibrary(
            name="stack.tables-init",
            doc="element segments that the program copies itself",
            room=ROOM,
            size=150,
            requires=("function-tables",),
            sources=("c/tables_init.c",),
            headers=("c",),
            store="u32 elements_left[TB_ELEMENT_SEGMENTS];",
            on_start=("tb_tables_elements_start",),
            services=(table_services.init, table_services.drop),
            constants=segment_constants,
            load_sources=("c/tables_init_load.c",),
            on_load=("tb_tables_init_load",),
        ),
    ]
