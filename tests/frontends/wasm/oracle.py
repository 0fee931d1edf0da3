"""wasmtime, as an engine of specification tests and as the judge of what is valid.

Numbers go in and out by their bits: through Python's floats a signalling NaN of an f32 would not stay one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi
from wasmtime._func import enter_wasm

from tblvm.frontends.wasm.conformance.host import SPECTEST
from tblvm.frontends.wasm.conformance.runner import Refused, Stopped, Unlinkable
from tblvm.frontends.wasm.conformance.script import Value

WORDS = {
    "STACK_OVERFLOW": "call stack exhausted",
    "MEMORY_OUT_OF_BOUNDS": "out of bounds memory access",
    "TABLE_OUT_OF_BOUNDS": "undefined element",
    "INDIRECT_CALL_TO_NULL": "uninitialized element",
    "BAD_SIGNATURE": "indirect call type mismatch",
    "INTEGER_OVERFLOW": "integer overflow",
    "INTEGER_DIVISION_BY_ZERO": "integer divide by zero",
    "BAD_CONVERSION_TO_INTEGER": "invalid conversion to integer",
    "UNREACHABLE": "unreachable",
    "OUT_OF_FUEL": "out of fuel",
}
_KINDS = {
    "i32": ffi.WASMTIME_I32,
    "i64": ffi.WASMTIME_I64,
    "f32": ffi.WASMTIME_F32,
    "f64": ffi.WASMTIME_F64,
}
# Reference types stay: what stands on them in wasmtime cannot be switched off.
_OTHER = ("threads", "tail_call", "simd", "multi_memory", "memory64")


@cache
def engine(*, fuel: bool = False) -> wasmtime.Engine:
    """With the proposals that tblvm has, and reference types, which wasmtime cannot do without."""
    config = wasmtime.Config()
    # Others stand on these: they go first.
    config.wasm_component_model = False
    config.wasm_relaxed_simd = False
    config.wasm_gc = False
    config.wasm_function_references = False
    config.wasm_exceptions = False
    for each in _OTHER:
        setattr(config, f"wasm_{each}", False)
    config.wasm_bulk_memory = True
    config.wasm_multi_value = True
    config.consume_fuel = fuel
    config.cranelift_opt_level = "none"
    config.parallel_compilation = False
    return wasmtime.Engine(config)


def problem(content: bytes) -> str:
    """Why *content* is no valid module, "" if it is one."""
    try:
        wasmtime.Module.validate(engine(), content)
    except wasmtime.WasmtimeError as error:
        return str(error) or "invalid"
    return ""


def words(trap: wasmtime.Trap) -> str:
    """What WebAssembly calls the trap."""
    code = trap.trap_code
    return WORDS.get(code.name, code.name) if code is not None else str(trap)


class Wasmtime:
    """An engine for the runner of specification tests. fuel: instructions of every call, None for no limit."""

    def __init__(self, fuel: int | None = None) -> None:
        self.fuel = fuel
        self.store = wasmtime.Store(engine(fuel=fuel is not None))
        self._refuel()
        self.linker = wasmtime.Linker(self.store.engine)
        self.linker.allow_shadowing = True
        self.register("spectest", self.instantiate(SPECTEST))

    def _refuel(self) -> None:
        if self.fuel is not None:
            self.store.set_fuel(self.fuel)

    def instantiate(self, content: bytes) -> Any:
        try:
            module = wasmtime.Module(self.store.engine, content)
        except wasmtime.WasmtimeError as error:
            raise Refused("", str(error)) from None
        self._refuel()
        try:
            return self.linker.instantiate(self.store, module)
        except wasmtime.Trap as trap:
            raise _stopped(trap) from None
        except wasmtime.WasmtimeError as error:
            raise Unlinkable(str(error)) from None

    def register(self, name: str, instance: Any) -> None:
        self.linker.define_instance(self.store, name, instance)

    def invoke(self, instance: Any, name: str, arguments: Sequence[Value]) -> Sequence[int]:
        return [bits for _, bits in self.call(instance, name, [(each.type, each.bits) for each in arguments])]

    def call(self, instance: Any, name: str, arguments: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """Results of an export as types and bits. Raises Stopped."""
        function = instance.exports(self.store)[name]
        taken = (ffi.wasmtime_val_t * len(arguments))()
        for place, (type_, bits) in zip(taken, arguments, strict=True):
            place.kind = _KINDS[type_]
            _put(place, type_, bits)
        types = [str(each) for each in function.type(self.store).results]
        given = (ffi.wasmtime_val_t * len(types))()
        self._refuel()
        try:
            with enter_wasm(self.store) as trap:
                error = ffi.wasmtime_func_call(
                    self.store._context(),
                    ctypes.byref(function._func),
                    taken,
                    len(taken),
                    given,
                    len(given),
                    trap,
                )
                if error:
                    raise wasmtime.WasmtimeError._from_ptr(error)
        except wasmtime.Trap as stopped:
            raise _stopped(stopped) from None
        return [(type_, _bits(place, type_)) for type_, place in zip(types, given, strict=True)]

    def get(self, instance: Any, name: str) -> int:
        found = instance.exports(self.store)[name]
        type_ = str(found.type(self.store).content)
        raw = ffi.wasmtime_val_t()
        ffi.wasmtime_global_get(self.store._context(), ctypes.byref(found._global), ctypes.byref(raw))
        return _bits(raw, type_)


def _put(place: Any, type_: str, bits: int) -> None:
    # The members of a union: an f32 is written as the i32 of its bits.
    if type_.endswith("32"):
        place.of.i32 = bits - (1 << 32) if bits >> 31 else bits
    else:
        place.of.i64 = bits - (1 << 64) if bits >> 63 else bits


def _bits(place: Any, type_: str) -> int:
    return int(place.of.i32) % (1 << 32) if type_.endswith("32") else int(place.of.i64) % (1 << 64)


def _stopped(trap: wasmtime.Trap) -> Stopped:
    said = words(trap)
    return Stopped(said, exhausted=said == WORDS["STACK_OVERFLOW"])
