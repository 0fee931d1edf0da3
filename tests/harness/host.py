"""Host functions of the tests for the reference interpreter: c/host.c in Python.

Every import is there. What it gives follows from its name, its arguments and its type; a name that begins with m
makes strings, one that begins with f fails for some arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tblvm.core.host.services import Host, HostError
from tblvm.opcodes import types
from tblvm.opcodes.meaning import machine
from tblvm.opcodes.primitives.integer import wrap

_U32 = 0xFFFFFFFF


def _is_object(code: int) -> bool:
    return code >= types.ANY.code and code != types.FUNCTION.code


def _sum(total: int, code: int, value: int) -> int:
    if code == types.F32.code and value & 0x7FFFFFFF > 0x7F800000:
        value = 1
    if code == types.F64.code and value & (1 << 63) - 1 > 0x7FF << 52:
        value = 1
    if _is_object(code):
        value = int(value != 0)
    wide = value & (_U32 if code == types.I32.code else (1 << 64) - 1)
    return (total * 31 + (wide & _U32 ^ wide >> 32)) & _U32


def _call(module: str, name: str) -> tuple[int, ...]:
    running = machine()
    frame = running.frames[-1]
    codes = running.module.function_type(frame.function).parameters
    total = len(module.encode())
    for code, value in zip(codes, frame.locals, strict=False):
        total = _sum(total, code, value)
    if name.startswith("f") and total % 4 == 0:
        raise HostError("these arguments")
    for at, code in enumerate(running.module.functions[frame.function].locals, len(codes)):
        frame.locals[at] = _result(code, total, name.startswith("m"), codes, frame.locals)
        total = (total * 31 + 1) & _U32
    return tuple(frame.locals[len(codes) :])


def _result(code: int, total: int, makes: bool, codes: tuple[int, ...], given: list[int]) -> int:
    numbers = {
        types.I32.code: wrap(total, 32),
        types.I64.code: wrap(total << 32 | total, 64),
        types.F32.code: 0x3F800000 | total & 0x7FFFFF,
        types.F64.code: 0x3FF << 52 | total << 20,
    }
    if code in numbers:
        return numbers[code]
    if code == types.STRING.code and makes:
        return machine().new_string([ord("a") + (total >> at) % 26 for at in range(total % 13)])
    if code == types.ANY.code:
        objects = [value for each, value in zip(codes, given, strict=False) if _is_object(each)]
        return objects[-1] if objects else 0
    return next((value for each, value in zip(codes, given, strict=False) if each == code), 0)


class _Everything(Mapping[tuple[str, str], Callable[..., tuple[int, ...]]]):
    """Whatever is imported."""

    def __getitem__(self, key: tuple[str, str]) -> Callable[..., tuple[int, ...]]:
        return lambda *arguments: _call(*key)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def __len__(self) -> int:
        return 0


HOST = Host(_Everything())
