"""What this room registers."""

from __future__ import annotations

from pathlib import Path

from ...opcodes import OpcodeSet, Trap
from ..hookspecs import hookimpl
from ..parts import MicroLibrary, Option
from . import ops, services

_ROOM = Path(__file__).parent

# Both buffers have at least 16 bytes: fewer make more system calls and save nothing.
OUTPUT = MicroLibrary(
    name="io.output",
    doc="Prints numbers, strings and bytes to standard output.",
    room=_ROOM,
    size=700,
    requires=("platform", "support"),
    sources=("c/output.c", "c/print_integer.c", "c/print_float.c", "c/print_string.c"),
    headers=("c",),
    services=(
        services.print_i32,
        services.print_i64,
        services.print_f32,
        services.print_f64,
        services.print_string,
        services.put_byte,
    ),
    store="u32 io_out_used; u32 io_out_lost; u8 io_out[TB_IO_BUFFER];",
    on_finish=("tb_io_flush",),
    on_enter=("tb_io_output_hand",),
    on_leave=("tb_io_output_return",),
    on_before_block=("tb_io_flush",),
    options=(
        Option(
            name="io.buffer",
            default=256,
            kind="size",
            macro="TB_IO_BUFFER",
            doc="Bytes of output that are collected before they are written.",
            minimum=16,
            maximum=1 << 20,
        ),
    ),
)

INPUT = MicroLibrary(
    name="io.input",
    doc="Reads integers and bytes from standard input.",
    room=_ROOM,
    size=250,
    requires=("platform",),
    sources=("c/input.c", "c/input_ahead.c"),
    headers=("c",),
    services=(services.read_i32, services.get_byte),
    traps=(Trap.BAD_INPUT,),
    macros={"TB_INPUT_READ(cx, to, bytes)": "tb_io_read(cx, to, bytes)"},
    prototypes="long tb_io_read(struct tb_context *cx, void *to, u64 bytes);",
    store="u32 io_in_at; u32 io_in_end; u8 io_in[TB_IO_INPUT_BUFFER];",
    on_enter=("tb_io_input_hand",),
    on_leave=("tb_io_input_return",),
    options=(
        Option(
            name="io.input-buffer",
            default=256,
            kind="size",
            macro="TB_IO_INPUT_BUFFER",
            doc="Bytes of input that are read at once.",
            minimum=16,
            maximum=1 << 20,
        ),
    ),
)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.output, ops.long_output, ops.double_output, ops.input_]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [OUTPUT, INPUT]
