"""The fuzzing target: how it is composed and compiled.

    target("marksweep", "gcc")       replays inputs, under gcc's sanitizers
    target("marksweep", "fuzzer")    libFuzzer, under clang's
    target("marksweep", "edges")     libFuzzer, every edge of the source: to choose inputs
    target("marksweep", "coverage")  replays inputs, counts what they reach

An input is a .tbc file; a section that readers skip says how it is run (c/tb_fuzz.h).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tblvm.builder.compile import write_sources
from tblvm.builder.compose import Composition, compose
from tblvm.builder.emit import Sources, emit
from tblvm.builder.general import general, sample
from tblvm.builder.resolve import Request
from tests.harness import LINE, registry
from tests.harness.builds import shared

HERE = Path(__file__).parent
OUTSIDE = HERE.parent / "outside"
SEEDS, REGRESSIONS = HERE / "seeds", HERE / "regressions"
# Pages without a prefix of their own are there too.
PLUGINS = (HERE, OUTSIDE / "gcd_op.py", OUTSIDE / "transfer_op.py")
SECTION = 0x7A7A  # c/tb_fuzz.h
HEAPS = {"marksweep": ("gc.marksweep", "fuzz.audit"), "freelist": ("memory.freelist",)}

_WARNINGS = ("-Wall", "-Wextra", "-Werror")
_COMMON = ("-std=gnu11", "-g", "-fno-strict-aliasing", "-ffp-contract=off", *_WARNINGS)
_SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# name: compiler, flags to compile, flags to link
_LIBFUZZER = ("-fsanitize=fuzzer-no-link", "-Dmain=tb_hosted_main")
KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "gcc": ("gcc", _SANITIZED, ()),
    "fuzzer": ("clang", (*_SANITIZED, *_LIBFUZZER), ("-fsanitize=fuzzer",)),
    "edges": ("clang", ("-O0", *_LIBFUZZER), ("-fsanitize=fuzzer",)),
    "coverage": ("clang", ("-O0", "-fprofile-instr-generate", "-fcoverage-mapping"), ()),
}
_WRAPPED = [
    "write",
    "read",
    "open",
    "open_write",
    "close",
    "rename",
    "remove",
    "exit",
    "map",
    "interrupt_after",
    "clock",
    "wait",
    "memory",
    "cores",
]
_VARIED = {
    "TB_STACK_CELLS": "tb_fuzz_now.stack_cells",
    "TB_HEAP_BYTES": "tb_fuzz_now.heap_bytes",
    "TB_FUEL": "tb_fuzz_now.fuel",
    "TB_LOAD_MEMORY": "tb_fuzz_now.memory",
    "TB_GC_STRESS": "tb_fuzz_now.stress",
    "TB_GC_AUDIT(cx)": "tb_fuzz_audit(cx)",
}
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def composition(heap: str) -> Composition:
    """A runtime with every page."""
    reg = registry(PLUGINS)
    features = ("fuzz", "core.fuel", *HEAPS[heap], "platform.hosted", *reg.isa.pages)
    options = {"linear": 1 << 18, "tables": 64, "prompt.line": LINE} | (
        {"gc.mark-stack": 3} if heap == "marksweep" else {}
    )
    request = Request(features=features, target="hosted", options=options, deny=("host.standalone",))
    plan = general(reg, request)
    return compose(plan, sample(reg), reg.isa, loaded=True)


def sources(heap: str) -> Sources:
    """Its C, with what a plan fixes as variables."""
    made = emit(composition(heap))
    header = made.headers["tb_plan.h"]
    for macro, value in _VARIED.items():
        header = re.sub(rf"^#define {re.escape(macro)} .*$", f"#define {macro} {value}", header, flags=re.M)
    header = header.removesuffix("#endif\n") + '#include "tb_fuzz.h"\n#endif\n'
    return replace(made, headers={**made.headers, "tb_plan.h": header})


def target(heap: str, kind: str) -> Path:
    """The executable, compiled where it is not there yet. Raises CalledProcessError when the compiler fails."""
    made = sources(heap)
    compiler, compile_flags, link_flags = KINDS[kind]
    include = ["-I.", *(f"-I{path}" for path in made.include)]
    wrapped = [f"-Wl,--wrap=tb_platform_{name}" for name in _WRAPPED]
    units = [unit.name for unit in made.units]
    command = [
        compiler,
        *_COMMON,
        *compile_flags,
        *include,
        *units,
        *link_flags,
        *wrapped,
        "-lm",
        "-o",
        "target",
    ]

    def compiled(folder: Path) -> None:
        write_sources(made, folder)
        subprocess.run(command, check=True, cwd=folder)

    version = subprocess.run([compiler, "--version"], check=True, capture_output=True).stdout
    return shared(made, (command, version), compiled) / "target"


def replay(
    executable: Path, files: Sequence[Path], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs *files*, twice each. stdout: a line for each, status, whether it ran, hash of its output;
    stderr: the names, the last of which is what a report is about."""
    listed = folder / "inputs"
    listed.write_text("".join(f"{file}\n" for file in files))
    return subprocess.run(
        [executable, f"@{listed}"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=3600,
        env={**os.environ, **ENVIRONMENT, **environment},
    )
