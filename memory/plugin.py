"""Hook implementations of the room `memory`: the cage, allocators, globals, and their opcodes."""

from __future__ import annotations

from pathlib import Path

from ..core.hookspecs import hookimpl
from ..core.parts import Memory, MicroLibrary, Option
from ..opcodes import OpcodeSet
from . import linear, linear_services, objects, ops, services
from .linear_tables import memory_bytes, memory_constants, memory_tables, segment_constants
from .tables import global_tables, type_tables

ROOM = Path(__file__).parent


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.cells_op, ops.free_op, ops.globals_op, objects.op, linear.op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(name="memory.cells", doc="opcodes for objects of i32 cells", room=ROOM),
        MicroLibrary(
            name="object",
            doc="opcodes for classes, arrays and references",
            room=ROOM,
            requires=("types",),
        ),
        MicroLibrary(
            name="memory.types",
            doc="sizes of the program's classes and arrays",
            room=ROOM,
            provides=("types",),
            tables=type_tables,
        ),
        MicroLibrary(
            name="memory.cage",
            doc="the heap cage: string constants, then the heap",
            room=ROOM,
            size=50,
            provides=("cage",),
            requires=("platform",),
            sources=("c/cage.c",),
            headers=("c",),
            store="u32 heap_start;\nu32 heap_end;",
            on_start=("tb_cage_start",),
            memory=(
                Memory(
                    "cage",
                    "heap cage",
                    lambda plan, program: 8 + len(program.strings) + plan.options["heap"],
                ),
            ),
            options=(
                Option(
                    name="heap",
                    default=16 << 20,
                    kind="size",
                    macro="TB_HEAP_BYTES",
                    doc="Size of the heap.",
                    minimum=64,
                    maximum=0x7FFFFFF0,
                ),
            ),
        ),
        MicroLibrary(
            name="memory.allocate",
            doc="allocation in the context's buffer",
            room=ROOM,
            size=80,
            requires=("cage",),
            sources=("c/allocate.c",),
            headers=("c",),
            include=("tb_heap.h",),
            context="u32 alloc_top;\nu32 alloc_end;",
        ),
        MicroLibrary(
            name="memory.bump",
            doc="allocator that never gives memory back",
            room=ROOM,
            size=30,
            provides=("heap",),
            requires=("cage", "memory.allocate"),
            sources=("c/bump.c",),
            headers=("c",),
            macros={"TB_HEAP_ROUND(size)": "(size)"},
            on_start=("tb_bump_start",),
        ),
        MicroLibrary(
            name="memory.freelist",
            doc="allocator with FREE: size classes, blocks that stay in place",
            room=ROOM,
            size=250,
            provides=("heap",),
            requires=("cage", "memory.allocate"),
            sources=("c/freelist.c",),
            headers=("c",),
            services=(services.free,),
            macros={"TB_HEAP_ROUND(size)": "tb_freelist_round(size)"},
            store="u32 free_blocks[64];",
            prototypes="u32 tb_freelist_round(u64 size);",
            on_start=("tb_freelist_start",),
        ),
        MicroLibrary(
            name="memory.globals",
            doc="global variables",
            room=ROOM,
            provides=("globals",),
            store="cell globals[TB_GLOBALS];",
        ),
        MicroLibrary(
            name="memory.global-roots",
            doc="references in global variables, for collectors",
            room=ROOM,
            size=30,
            requires=("globals", "collector"),
            comes_along="needed",
            sources=("c/globals.c",),
            headers=("c",),
            on_roots=("tb_globals_roots",),
            tables=global_tables,
        ),
        MicroLibrary(name="linear", doc="opcodes for byte-addressed memories", room=ROOM),
        MicroLibrary(
            name="memory.linear",
            doc="byte-addressed memories, and the data in them from the start",
            room=ROOM,
            size=150,
            provides=("linear-memory",),
            requires=("platform",),
            sources=("c/linear.c",),
            headers=("c",),
            include=("tb_linear.h",),
            store=("u8 *memory_at[TB_MEMORIES];\nu64 memory_bytes[TB_MEMORIES];\nu32 memory_pages_left;"),
            on_start=("tb_linear_start",),
            tables=memory_tables,
            constants=memory_constants,
            memory=(Memory("linear", "linear memory", memory_bytes),),
            options=(
                Option(
                    name="linear",
                    default=256 << 20,
                    kind="size",
                    macro="TB_LINEAR_BYTES",
                    doc="Size that all linear memories together can reach.",
                    maximum=1 << 40,
                ),
            ),
        ),
        MicroLibrary(
            name="memory.linear-grow",
            doc="adds pages to a linear memory",
            room=ROOM,
            size=80,
            requires=("linear-memory",),
            sources=("c/linear_grow.c",),
            headers=("c",),
            services=(linear_services.grow,),
        ),
        MicroLibrary(
            name="memory.linear-bulk",
            doc="fills and copies parts of linear memories",
            room=ROOM,
            size=150,
            requires=("linear-memory", "support"),
            sources=("c/linear_bulk.c",),
            headers=("c",),
            services=(linear_services.fill, linear_services.copy),
        ),
        MicroLibrary(
            name="memory.linear-init",
            doc="data segments that the program copies itself",
            room=ROOM,
            size=150,
            requires=("linear-memory", "support"),
            sources=("c/linear_init.c",),
            headers=("c",),
            store="u32 data_left[TB_DATA_SEGMENTS];",
            on_start=("tb_linear_data_start",),
            services=(linear_services.init, linear_services.drop),
            constants=segment_constants,
        ),
    ]
