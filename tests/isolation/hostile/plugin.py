"""A plug-in whose native code does what it should not: any system call, an access anywhere, a file of others."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, NativeImport


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="hostile",
            doc="native code that nobody should trust",
            room=Path(__file__).parent,
            sources=("hostile.c",),
            imports=(
                NativeImport("hostile", "call", ("i64",) * 6, "i64", "tb_hostile_call", "a system call"),
                NativeImport("hostile", "open", ("i64",), "i64", "tb_hostile_open", "/etc/passwd by openat"),
                NativeImport("hostile", "poke", ("i64",), "i64", "tb_hostile_poke", "writes at an address"),
                NativeImport("hostile", "old", ("i64",), "i64", "tb_hostile_old", "a call by int 0x80"),
            ),
        )
    ]
