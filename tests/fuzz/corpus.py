"""The seeds: makes them anew, and adds what fuzzing has found.

python -m tests.fuzz.corpus                the seeds made of examples, tests' programs and every form
python -m tests.fuzz.corpus --add FOLDER   of the inputs in FOLDER, those that reach edges which no seed does
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.errors import ModuleError, SourceError
from tblvm.core.module import Debug, Module
from tblvm.core.registry import Registry
from tblvm.core.verified import Form
from tblvm.stack import verify
from tests.core.test_tbc import insert_section
from tests.differential.programs import sketch
from tests.differential.test_opcodes import forms
from tests.differential.vectors import CLASSES, Program
from tests.fuzz.build import ENVIRONMENT, HEAPS, PLUGINS, SECTION, SEEDS, composition, target
from tests.harness import registry
from tests.programs import EXAMPLES, STOPPED, expected

STRESS, SHORT, WHOLE = 1, 2, 4
LARGE_HEAP, DEEP_STACK = 3 << 3, 3 << 5
_MOST_BYTES = 8192
_SKETCHES = 12
_FORMS_A_FILE = 16

# Pages without a prefix of their own.
_PLUGIN = """\
.func three(a: i32, b: i32, c: i32) -> i32
    LOAD a
    LOAD b
    LOAD c
    outside.MULADD
    RET
.end
.func main()
    READ
    PUSH 3
    outside.GCDSTEP
    transfer.JDUP 9, small
small:
    transfer.CALLK -7, three
    transfer.CLAMP -64, 8192
    PRINT
    HALT
.end
"""


def with_run(file: bytes, how: int = 0, stdin: bytes = b"") -> bytes:
    """The file, with how it is run."""
    return insert_section(file, SECTION, bytes([how]) + stdin)


def _written(module: Module, reg: Registry) -> bytes:
    # What the target has need not be as much as the program asks for.
    return tbc.write(verify(replace(module, min_heap=0, min_stack=0), reg.isa).module)


def made(reg: Registry) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the seeds that no fuzzer has found."""
    for path in EXAMPLES:
        text = path.read_text()
        file = _written(assemble(text, reg.isa, path.name), reg)
        yield f"example-{path.stem}", with_run(file, LARGE_HEAP | DEEP_STACK, expected(text).stdin)
    for number, case in enumerate(STOPPED.values()):
        file = _written(assemble(case.text, reg.isa, "stopped.tba"), reg)
        yield f"stopped-{number:02}", with_run(file, WHOLE * (number % 4 == 0), b"1 x")
    yield "plugin", with_run(_written(assemble(_PLUGIN, reg.isa, "plugin.tba"), reg), 0, b"12")
    for number in range(_SKETCHES):
        each = sketch(random.Random(f"seed {number}"), size=number % 5, free=number % 4 == 3)
        file = _written(assemble(each.text, reg.isa, "sketch.tba"), reg)
        yield (
            f"sketch-{number:02}",
            with_run(file, (0, STRESS, SHORT | LARGE_HEAP)[number % 3], each.stdin[:60]),
        )
    for number, batch in enumerate(_batches()):
        program = Program(random.Random(f"seed forms {number}"))
        for form in batch:
            program.run(form)
        module = _smallest(program.text(), reg)
        yield (
            f"forms-{number:02}",
            with_run(_written(replace(module, debug=Debug()), reg), LARGE_HEAP, b"1 2 3"),
        )


def _batches() -> Iterator[list[Form]]:
    """All forms, a few at a time: those that a runtime with a collector lacks by themselves, and those that need
    more declarations than others."""
    there = {use.form for handler in composition("marksweep").handlers for use in handler.uses}
    every = {form: (form not in there, _needs_more(form)) for form in forms("freelist")}
    for kind in sorted(set(every.values())):
        those = [form for form in every if every[form] == kind]
        yield from (those[at : at + _FORMS_A_FILE] for at in range(0, len(those), _FORMS_A_FILE))


def _needs_more(form: Form) -> bool:
    """Whether programs with *form* need classes that inherit, or a screen: files of the others are smaller."""
    program = Program(random.Random(0))
    program.run(form)
    return _plain(program.text()) is None


def _plain(text: str) -> Module | None:
    """The program without classes that inherit and without a screen; None where it needs them."""
    for part in CLASSES:
        text = text.replace(part + "\n", "")
    isa = registry(PLUGINS).isa
    try:
        return verify(assemble(re.sub(r"\.screen .*\n", "", text), isa, "forms.tba"), isa).module
    except (SourceError, ModuleError):
        return None


def _smallest(text: str, reg: Registry) -> Module:
    return _plain(text) or assemble(text, reg.isa, "forms.tba")


def make(folder: Path) -> None:
    """Writes the seeds that no fuzzer has found in place of those that are there."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.tbc"):
        if not old.name.startswith("found-"):
            old.unlink()
    for name, file in made(registry(PLUGINS)):
        (folder / f"{name}.tbc").write_bytes(file)


def add(folder: Path, seeds: Path) -> int:
    """Copies to *seeds* the inputs in *folder* that reach an edge which no seed does; how many."""
    added = 0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for heap in HEAPS:
            executable = target(heap, "fuzzer", work / heap)
            merged = work / f"{heap}-merged"
            shutil.copytree(seeds, merged)
            # Edges, not how often each is taken: fewer files.
            options = ("-merge=1", "-use_counters=0", "-use_value_profile=0", f"-max_len={_MOST_BYTES}")
            subprocess.run(
                [executable, *options, merged, folder],
                check=True,
                capture_output=True,
                cwd=work,
                env={**os.environ, **ENVIRONMENT},
            )
            for path in merged.iterdir():
                data = path.read_bytes()
                place = seeds / f"found-{hashlib.sha1(data).hexdigest()[:12]}.tbc"
                if path.suffix != ".tbc" and not place.exists():
                    place.write_bytes(data)
                    added += 1
    return added


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--add", type=Path, metavar="FOLDER")
    folder = parser.parse_args().add
    if folder is None:
        make(SEEDS)
    else:
        print(f"{add(folder, SEEDS)} inputs added")


if __name__ == "__main__":
    main()
