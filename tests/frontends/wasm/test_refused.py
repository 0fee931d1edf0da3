"""What is not translated, and what is said then: bytes that are no module, rules that are broken, other proposals."""

from __future__ import annotations

import pytest
import wasmtime

from tblvm.core.registry import load
from tblvm.frontends.wasm import WasmError, translate

ISA = load().isa
HEAD = b"\0asm\1\0\0\0"


def refusal(content: bytes) -> WasmError:
    with pytest.raises(WasmError) as caught:
        translate(content, "test.wasm", ISA)
    assert caught.value.status == 5
    return caught.value


def section(number: int, *content: int) -> bytes:
    return bytes((number, len(content), *content))


@pytest.mark.parametrize(
    "content, said",
    [
        (b"\0asm", "unknown binary version"),
        (HEAD + b"\x01", "unexpected end"),
        (HEAD + b"\x01\x05\x01", "length out of bounds"),
        (HEAD + section(99), "malformed section id 99"),
        (HEAD + section(3, 0) + section(1, 0), "out of order"),
        (HEAD + section(1, 0) + section(1, 0), "out of order"),
        (HEAD + section(1, 0, 0), "section size mismatch"),
        (HEAD + section(1, 1, 0x60, 1, 0x00, 0), "malformed value type"),
        (HEAD + section(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), "integer representation too long"),
        (HEAD + section(1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F), "integer too large"),
        (HEAD + section(1, 5), "5 types in 0 bytes"),
        (HEAD + section(1, 1, 0x60, 0, 0) + section(3, 1, 0), "inconsistent lengths"),
        (HEAD + section(2, 1, 1, 0xFF, 1, 0x61, 0, 0), "malformed UTF-8"),
        (HEAD + section(12, 1), "data count and data section"),
        (HEAD + section(1, 1, 0x60, 0, 0) + section(3, 1, 0) + section(10, 1, 2, 0, 1), "END opcode"),
        (
            HEAD + section(1, 1, 0x60, 0, 0) + section(3, 1, 0) + section(10, 1, 3, 0, 0xFF, 0x0B),
            "illegal opcode",
        ),
        (
            HEAD
            + section(1, 1, 0x60, 0, 0)
            + section(3, 1, 0)
            + section(10, 1, 13, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 2, 0x7F, 0x0B, 0, 0, 0),
            "too many locals",
        ),
    ],
)
def test_malformed(content: bytes, said: str) -> None:
    error = refusal(content)
    assert error.kind == "malformed" and str(error).startswith("malformed module: ") and said in str(error)


def body(*code: int, types: tuple[int, ...] = (1, 0x60, 0, 0), locals_: tuple[int, ...] = (0,)) -> bytes:
    """A module with one function."""
    content = (*locals_, *code, 0x0B)
    return HEAD + section(1, *types) + section(3, 1, 0) + section(10, 1, len(content), *content)


@pytest.mark.parametrize(
    "content, said",
    [
        (body(0x6A), "i32 is wanted, and the stack is empty"),
        (body(0x41, 0), "1 values too many at the end of a block"),
        (body(0x42, 0, 0x1A, 0x41, 0, 0x42, 0, 0x6A, 0x1A), "i32 is wanted, and i64 is on the stack"),
        (body(0x20, 0), "unknown local 0"),
        (body(0x0C, 1), "unknown label 1"),
        (body(0x10, 5), "unknown function 5"),
        (body(0x23, 0), "unknown global 0"),
        (body(0x41, 0, 0x28, 0, 0, 0x1A), "unknown memory 0"),
        (body(0x41, 0, 0x11, 0, 0), "unknown table 0"),
        (body(0x02, 0x05, 0x0B), "unknown type 5"),
        (body(0x41, 0, 0x04, 0x7F, 0x41, 0, 0x0B, 0x1A), "an if without else"),
        # What lies below a block is not its own.
        (body(0x41, 0, 0x02, 0x40, 0x1A, 0x0B, 0x1A), "the stack is empty"),
        # Dead code has types too.
        (body(0x00, 0x41, 0, 0x42, 0, 0x6A, 0x1A), "i32 is wanted, and i64 is on the stack"),
        (body(0x03, 0x40, 0x0C, 0, 0x0B, 0x6A), "the stack is empty"),
    ],
)
def test_invalid_code(content: bytes, said: str) -> None:
    error = refusal(content)
    assert error.kind == "invalid" and said in str(error)
    assert str(error).startswith("invalid module: function f0, offset 0x")
    with pytest.raises(wasmtime.WasmtimeError):
        wasmtime.Module.validate(wasmtime.Engine(), content)


@pytest.mark.parametrize(
    "wat, said",
    [
        ('(module (func) (export "a" (func 0)) (export "a" (func 0)))', "duplicate export name"),
        ("(module (memory 2 1))", "size minimum must not be greater"),
        ("(module (memory 65537))", "65536 pages"),
        ("(module (func (param i32)) (start 0))", "start function"),
        ("(module (global i32 (i64.const 0)))", "type mismatch"),
        (
            "(module (global $a (mut i32) (i32.const 0)) (func (global.set 1 (i32.const 0))))",
            "unknown global",
        ),
        ("(module (global i32 (i32.const 0)) (func (global.set 0 (i32.const 0))))", "immutable"),
        ('(module (data (i32.const 0) "a"))', "unknown memory"),
        ("(module (memory 1) (func (drop (i32.load16_u align=4 (i32.const 0)))))", "alignment"),
    ],
)
def test_invalid_modules(wat: str, said: str) -> None:
    error = refusal(bytes(wasmtime.wat2wasm(wat)))
    assert error.kind == "invalid" and said in str(error)


@pytest.mark.parametrize(
    "wat, said",
    [
        ("(module (func (drop (v128.const i32x4 0 0 0 0))))", "SIMD"),
        ("(module (func (param externref)))", "reference types"),
        ("(module (table 1 externref))", "reference types"),
        ("(module (table 1 funcref) (func (drop (table.get 0 (i32.const 0)))))", "reference types"),
        ("(module (table 1 funcref) (table 1 funcref))", "reference types"),
        ("(module (memory 1) (memory 1))", "multi-memory"),
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1 2 shared))", "threads"),
        ("(module (func return_call 0))", "tail calls"),
        ("(module (tag))", "exception handling"),
        ("(module (type (struct)))", "garbage collection"),
        ("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))", "extended constant expressions"),
        ("(component)", "component model"),
    ],
)
def test_other_proposals_are_named(wat: str, said: str) -> None:
    error = refusal(bytes(wasmtime.wat2wasm(wat)))
    assert error.kind in ("unsupported", "invalid") and said in str(error)


def test_sizes_are_believed_only_as_far_as_there_are_bytes() -> None:
    """Counts of four thousand million of everything are refused at once."""
    many = (0xFF, 0xFF, 0xFF, 0xFF, 0x0F)
    for number in range(1, 13):
        refusal(HEAD + section(number, *many))
    refusal(body(0x41, 0, 0x0E, *many, 0))
    refusal(
        HEAD
        + section(1, 1, 0x60, 0, 0)
        + section(3, 1, 0)
        + section(10, 1, 8, 1, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0x0B, 0)
    )


def test_branches_that_drop_without_end() -> None:
    """A function of 60 KB whose translation would have 75 MB."""
    code = [0x41, 0] * 5000 + [0x41, 0, 0x0D, 0] * 15000 + [0x00]
    content = bytes((0, 0x02, 0x40, *code, 0x0B, 0x0B))

    def number(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes((*out, value))

    function = number(len(content)) + content
    made = HEAD + section(1, 1, 0x60, 0, 0) + section(3, 1, 0)
    made += b"\x0a" + number(len(function) + 1) + b"\x01" + function
    assert "branches that drop more than" in str(refusal(made))


def test_frames_that_are_too_large() -> None:
    locals_ = (1, *(0x80 | 32760 & 127, 0x80 | 32760 >> 7 & 127, 32760 >> 14), 0x7F)
    translate(body(locals_=locals_), "test.wasm", ISA)
    error = refusal(body(*(0x41, 0) * 8, *(0x1A,) * 8, locals_=locals_))
    assert error.kind == "unsupported" and "a function whose frame has 32768 cells" in str(error)
