"""Reads what WebAssembly's binary format is made of: LEB128 numbers, names, vectors."""

from __future__ import annotations

from typing import NoReturn

from .errors import WasmError


class Reader:
    """A place in *data*, before *end*. Everything is checked: what goes on behind the end is malformed."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def malformed(self, message: str, at: int = -1) -> NoReturn:
        raise WasmError("malformed", message, offset=self.at if at < 0 else at)

    def byte(self) -> int:
        if self.at >= self.end:
            self.malformed("unexpected end")
        self.at += 1
        return self.data[self.at - 1]

    def take(self, count: int) -> bytes:
        if count > self.end - self.at:
            self.malformed("unexpected end: length out of bounds")
        self.at += count
        return self.data[self.at - count : self.at]

    def u32(self) -> int:
        """An unsigned LEB128 number of 32 bits, in any number of bytes that such a number can have."""
        at, end = self.at, self.end
        if at < end and self.data[at] < 0x80:
            self.at = at + 1
            return self.data[at]
        value, self.at = unsigned(self.data, at, end)
        return value

    def signed(self, bits: int) -> int:
        value, self.at = signed(self.data, self.at, self.end, bits)
        return value

    def name(self) -> str:
        """A text in UTF-8 behind its length in bytes."""
        at = self.at
        content = self.take(self.u32())
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            self.malformed("malformed UTF-8 encoding", at)

    def count(self, what: str) -> int:
        """How many elements a vector has: each has a byte at least."""
        at = self.at
        count = self.u32()
        if count > self.end - self.at:
            self.malformed(f"unexpected end: {count} {what} in {self.end - self.at} bytes", at)
        return count


def unsigned(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The unsigned LEB128 number of 32 bits at *at*, and the place behind it."""
    value = shift = 0
    start = at
    while True:
        if at >= end:
            raise WasmError("malformed", "unexpected end", offset=start)
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift == 35:
            raise WasmError("malformed", "integer representation too long", offset=start)
    if value > 0xFFFFFFFF:
        raise WasmError("malformed", "integer too large", offset=start)
    return value, at


def signed(data: bytes, at: int, end: int, bits: int) -> tuple[int, int]:
    """The signed LEB128 number of *bits* bits at *at*, and the place behind it."""
    value = shift = 0
    start = at
    while True:
        if at >= end:
            raise WasmError("malformed", "unexpected end", offset=start)
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift >= bits:
            raise WasmError("malformed", "integer representation too long", offset=start)
    if byte & 0x40:
        value -= 1 << shift
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise WasmError("malformed", "integer too large", offset=start)
    return value, at
