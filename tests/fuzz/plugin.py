"""Micro-libraries of the fuzzing target: loader, verifier and engine in one process, run after run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tblvm.core import plugin as core_plugin
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import Memory, MicroLibrary

if TYPE_CHECKING:
    from tblvm.builder.compose import Composition

ROOM = Path(__file__).parent
MODULE_BYTES = 1 << 20
CORE = Path(__import__("tblvm.core", fromlist=["core"]).__file__).parent


def _entry(composition: Composition) -> str:
    """The entry of runtimes and what loads modules, under other names."""
    return (
        '#include "tb_loading.h"\n#define tb_module_load tb_fuzz_module_load\n'
        f'#include "{CORE}/c/loader/load.c"\n#undef tb_module_load\n'
        f"#define tb_entry tb_runtime_entry\n_Noreturn void tb_runtime_entry(const void *start);\n"
        f'#include "{CORE}/c/loader/entry.c"\n#undef tb_entry\n'
    )


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    names = ("target", "parts", "classes", "code", "mutator")
    # The entry of runtimes in another place.
    [runtime] = [each for each in core_plugin.tblvm_micro_libraries() if each.name == "core.runtime"]
    return [
        replace(
            runtime,
            name="fuzz",
            doc="loads and runs what a fuzzer makes",
            room=ROOM,
            size=9999,
            requires=(*runtime.requires, "cage", "fuel", "traps", "fuzz.platform"),
            sources=tuple(f"c/{name}.c" for name in names),
            headers=("c",),
            generated=_entry,
            options=(),
            memory=(Memory("modules", "modules", lambda plan, program: MODULE_BYTES),),
            macros={"TB_LOAD_MEMORY": f"{MODULE_BYTES}u"},
        ),
        MicroLibrary(
            name="fuzz.platform",
            doc="a system in memory",
            room=ROOM,
            sources=("c/platform.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="fuzz.audit",
            doc="checks the heap after each collection",
            room=ROOM,
            requires=("walk",),
            sources=("c/audit.c",),
            headers=("c",),
        ),
    ]
