"""Page `linear`: byte-addressed memories, as in WebAssembly 1.0 with bulk memory operations.

An address is the operand plus the immediate, both unsigned, without wrapping: 33 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..opcodes import OpcodeSet, Page, data, f32, f64, i32, i64, imm_u32, memory, types
from ..opcodes.values import Value
from . import linear_services as services

LINEAR = Page("linear", prefix=0x66)
op = OpcodeSet(LINEAR, library="linear", later=True)

Function = TypeVar("Function", bound=Callable[..., Any])


def _op(code: int, name: str, *memories: str) -> Callable[[Function], Function]:
    """Declare the opcode for memory 0, whose place in the runtime is fixed, and for any other."""

    def declare(function: Function) -> Function:
        op(code, name, when=dict.fromkeys(memories or ("memory",), 0))(function)
        return op(code, name)(function)

    return declare


def _checked(storage: types.Type, memory: memory, address: i32, offset: imm_u32) -> i64:
    """Where a *storage* is, which must be within the memory."""
    place = address.u_to_i64() + offset.u_to_i64()
    memory.check(place, storage)
    return place


def _load(storage: types.Type, memory: memory, address: i32, offset: imm_u32) -> Any:
    return memory.load(storage, _checked(storage, memory, address, offset))


def _store(storage: types.Type, memory: memory, address: i32, offset: imm_u32, value: Value) -> None:
    memory.store(storage, _checked(storage, memory, address, offset), value)


@_op(0x00, "I32_LOAD")
def i32_load(address: i32, memory: memory, offset: imm_u32) -> i32:
    """The 4 bytes at address + offset, little-endian; they need not be aligned. Traps BAD_ADDRESS."""
    return _load(types.I32, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x01, "I64_LOAD")
def i64_load(address: i32, memory: memory, offset: imm_u32) -> i64:
    """The 8 bytes at address + offset, little-endian; they need not be aligned. Traps BAD_ADDRESS."""
    return _load(types.I64, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x02, "F32_LOAD")
def f32_load(address: i32, memory: memory, offset: imm_u32) -> f32:
    """The 4 bytes at address + offset, little-endian; they need not be aligned. Traps BAD_ADDRESS."""
    return _load(types.F32, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x03, "F64_LOAD")
def f64_load(address: i32, memory: memory, offset: imm_u32) -> f64:
    """The 8 bytes at address + offset, little-endian; they need not be aligned. Traps BAD_ADDRESS."""
    return _load(types.F64, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x04, "I32_LOAD8_S")
def i32_load8_s(address: i32, memory: memory, offset: imm_u32) -> i32:
    """The byte at address + offset, sign-extended. Traps BAD_ADDRESS."""
    return _load(types.I8, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x05, "I32_LOAD8_U")
def i32_load8_u(address: i32, memory: memory, offset: imm_u32) -> i32:
    """The byte at address + offset, zero-extended. Traps BAD_ADDRESS."""
    return _load(types.U8, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x06, "I32_LOAD16_S")
def i32_load16_s(address: i32, memory: memory, offset: imm_u32) -> i32:
    """The 2 bytes at address + offset, sign-extended. Traps BAD_ADDRESS."""
    return _load(types.I16, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x07, "I32_LOAD16_U")
def i32_load16_u(address: i32, memory: memory, offset: imm_u32) -> i32:
    """The 2 bytes at address + offset, zero-extended. Traps BAD_ADDRESS."""
    return _load(types.U16, memory, address, offset)  # type: ignore[no-any-return]


@_op(0x08, "I64_LOAD8_S")
def i64_load8_s(address: i32, memory: memory, offset: imm_u32) -> i64:
    """The byte at address + offset, sign-extended. Traps BAD_ADDRESS."""
    return _load(types.I8, memory, address, offset).to_i64()  # type: ignore[no-any-return]


@_op(0x09, "I64_LOAD8_U")
def i64_load8_u(address: i32, memory: memory, offset: imm_u32) -> i64:
    """The byte at address + offset, zero-extended. Traps BAD_ADDRESS."""
    return _load(types.U8, memory, address, offset).u_to_i64()  # type: ignore[no-any-return]


@_op(0x0A, "I64_LOAD16_S")
def i64_load16_s(address: i32, memory: memory, offset: imm_u32) -> i64:
    """The 2 bytes at address + offset, sign-extended. Traps BAD_ADDRESS."""
    return _load(types.I16, memory, address, offset).to_i64()  # type: ignore[no-any-return]


@_op(0x0B, "I64_LOAD16_U")
def i64_load16_u(address: i32, memory: memory, offset: imm_u32) -> i64:
    """The 2 bytes at address + offset, zero-extended. Traps BAD_ADDRESS."""
    return _load(types.U16, memory, address, offset).u_to_i64()  # type: ignore[no-any-return]


@_op(0x0C, "I64_LOAD32_S")
def i64_load32_s(address: i32, memory: memory, offset: imm_u32) -> i64:
    """The 4 bytes at address + offset, sign-extended. Traps BAD_ADDRESS."""
    return _load(types.I32, memory, address, offset).to_i64()  # type: ignore[no-any-return]


@_op(0x0D, "I64_LOAD32_U")
def i64_load32_u(address: i32, memory: memory, offset: imm_u32) -> i64:
    """The 4 bytes at address + offset, zero-extended. Traps BAD_ADDRESS."""
    return _load(types.I32, memory, address, offset).u_to_i64()  # type: ignore[no-any-return]


@_op(0x0E, "I32_STORE")
def i32_store(address: i32, value: i32, memory: memory, offset: imm_u32) -> None:
    """Sets the 4 bytes at address + offset, little-endian. Traps BAD_ADDRESS."""
    _store(types.I32, memory, address, offset, value)


@_op(0x0F, "I64_STORE")
def i64_store(address: i32, value: i64, memory: memory, offset: imm_u32) -> None:
    """Sets the 8 bytes at address + offset, little-endian. Traps BAD_ADDRESS."""
    _store(types.I64, memory, address, offset, value)


@_op(0x10, "F32_STORE")
def f32_store(address: i32, value: f32, memory: memory, offset: imm_u32) -> None:
    """Sets the 4 bytes at address + offset, little-endian. Traps BAD_ADDRESS."""
    _store(types.F32, memory, address, offset, value)


@_op(0x11, "F64_STORE")
def f64_store(address: i32, value: f64, memory: memory, offset: imm_u32) -> None:
    """Sets the 8 bytes at address + offset, little-endian. Traps BAD_ADDRESS."""
    _store(types.F64, memory, address, offset, value)


@_op(0x12, "I32_STORE8")
def i32_store8(address: i32, value: i32, memory: memory, offset: imm_u32) -> None:
    """Sets the byte at address + offset to the low 8 bits. Traps BAD_ADDRESS."""
    _store(types.U8, memory, address, offset, value)


@_op(0x13, "I32_STORE16")
def i32_store16(address: i32, value: i32, memory: memory, offset: imm_u32) -> None:
    """Sets the 2 bytes at address + offset to the low 16 bits. Traps BAD_ADDRESS."""
    _store(types.U16, memory, address, offset, value)


@_op(0x14, "I64_STORE8")
def i64_store8(address: i32, value: i64, memory: memory, offset: imm_u32) -> None:
    """Sets the byte at address + offset to the low 8 bits. Traps BAD_ADDRESS."""
    _store(types.U8, memory, address, offset, value.to_i32())


@_op(0x15, "I64_STORE16")
def i64_store16(address: i32, value: i64, memory: memory, offset: imm_u32) -> None:
    """Sets the 2 bytes at address + offset to the low 16 bits. Traps BAD_ADDRESS."""
    _store(types.U16, memory, address, offset, value.to_i32())


@_op(0x16, "I64_STORE32")
def i64_store32(address: i32, value: i64, memory: memory, offset: imm_u32) -> None:
    """Sets the 4 bytes at address + offset to the low 32 bits. Traps BAD_ADDRESS."""
    _store(types.I32, memory, address, offset, value.to_i32())


@_op(0x17, "MEMORY_SIZE")
def memory_size(memory: memory) -> i32:
    """How many pages of 64 KiB the memory has."""
    return memory.size()


@_op(0x18, "MEMORY_GROW")
def memory_grow(pages: i32, memory: memory) -> i32:
    """Adds so many pages, unsigned, of zeros. The size before; -1, and nothing changes, when there would be
    more than the memory's greatest size or the runtime's limit."""
    return services.grow(memory.index(), pages)


@_op(0x19, "MEMORY_INIT")
def memory_init(address: i32, start: i32, count: i32, data: data, memory: memory) -> None:
    """Copies *count* bytes of the data segment, from byte *start* on, to *address*; all unsigned.

    A segment that was dropped or was in a memory from the start has no bytes. Traps BAD_ADDRESS, before
    anything is written, when one of both ends too early.
    """
    services.init(memory.index(), data.index(), address, start, count)


@op(0x1A, "DATA_DROP")
def data_drop(data: data) -> None:
    """The data segment has no bytes from now on."""
    services.drop(data.index())


@_op(0x1B, "MEMORY_COPY", "to", "from_")
def memory_copy(address: i32, start: i32, count: i32, to: memory, from_: memory) -> None:
    """Copies *count* bytes from *start* in the second memory to *address* in the first; all unsigned, and
    right where both overlap. Traps BAD_ADDRESS, before anything is written."""
    services.copy(to.index(), from_.index(), address, start, count)


@_op(0x1C, "MEMORY_FILL")
def memory_fill(address: i32, value: i32, count: i32, memory: memory) -> None:
    """Sets *count* bytes, unsigned, from *address* on to the low 8 bits of *value*. Traps BAD_ADDRESS,
    before anything is written."""
    services.fill(memory.index(), address, value, count)
