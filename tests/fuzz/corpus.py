"""The seeds: makes them anew, and chooses those that reach more.

python -m tests.fuzz.corpus                the seeds made of examples, tests' programs and every form
python -m tests.fuzz.corpus --add FOLDER   of the inputs in FOLDER and the seeds that were found before, the fewest
                                           that reach what no other seed does
python -m tests.fuzz.corpus --search SEED  the same of snippets, of programs for every form and of mutants
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from tblvm.core.asm import assemble
from tblvm.core.registry import Registry
from tblvm.core.verified import Form
from tests.differential.programs import sketch
from tests.differential.test_opcodes import forms
from tests.differential.vectors import Program
from tests.fuzz import candidates
from tests.fuzz.build import PLUGINS, SEEDS, composition
from tests.fuzz.choose import add
from tests.fuzz.modules import (
    DEEP_STACK,
    LARGE_HEAP,
    SHORT,
    STRESS,
    WHOLE,
    plain,
    smallest,
    with_run,
    written,
)
from tests.harness import registry
from tests.programs import EXAMPLES, STOPPED, expected

_SKETCHES = 10
_FORMS_A_FILE = 16
_MUTANTS = 2000

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


def made(reg: Registry) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the seeds that no fuzzer has found."""
    for path in EXAMPLES:
        text = path.read_text()
        file = written(assemble(text, reg.isa, path.name), reg)
        yield f"example-{path.stem}", with_run(file, LARGE_HEAP | DEEP_STACK, expected(text).stdin)
    for number, case in enumerate(STOPPED.values()):
        file = written(assemble(case.text, reg.isa, "stopped.tba"), reg)
        yield f"stopped-{number:02}", with_run(file, WHOLE * (number % 4 == 0), b"1 x")
    yield "plugin", with_run(written(assemble(_PLUGIN, reg.isa, "plugin.tba"), reg), 0, b"12")
    for number in range(_SKETCHES):
        each = sketch(random.Random(f"seed {number}"), size=number % 5, free=number % 4 == 3)
        file = written(assemble(each.text, reg.isa, "sketch.tba"), reg)
        yield (
            f"sketch-{number:02}",
            with_run(file, (0, STRESS, SHORT | LARGE_HEAP)[number % 3], each.stdin[:60]),
        )
    for number, batch in enumerate(_batches()):
        program = Program(random.Random(f"seed forms {number}"))
        for form in batch:
            program.run(form)
        text = program.text()
        module = smallest(text, reg)
        yield f"forms-{number:02}", with_run(written(module, reg, named=False), LARGE_HEAP, b"1 2 3")


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
    return plain(program.text(), registry(PLUGINS)) is None


def make(folder: Path) -> None:
    """Writes the seeds that no fuzzer has found in place of those that are there."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.tbc"):
        if not old.name.startswith("found-"):
            old.unlink()
    for name, file in made(registry(PLUGINS)):
        (folder / f"{name}.tbc").write_bytes(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--add", type=Path, metavar="FOLDER")
    parser.add_argument("--search", type=int, metavar="SEED")
    parser.add_argument("--amount", type=int, default=12, help="programs for each form, mutants of each seed")
    given = parser.parse_args()
    reg = registry(PLUGINS)
    found: list[Iterable[bytes]] = []
    precious: list[Iterable[bytes]] = []
    if given.add:
        found.append(path.read_bytes() for path in given.add.iterdir())
    if given.search is not None:
        precious += [
            candidates.written_snippets(reg),
            candidates.refused(reg),
            candidates.damaged(reg),
            candidates.loader_mutants(reg, _MUTANTS, given.search),
        ]
        found.append(candidates.programs(reg, given.amount, str(given.search)))
        found.append(candidates.mutants(sorted(SEEDS.glob("*.tbc")), reg, given.amount, str(given.search)))
    if found:
        before, now = add(chain(*found), chain(*precious), SEEDS)
        print(f"{now} seeds are found ones; {before} were")
    else:
        make(SEEDS)


if __name__ == "__main__":
    main()
