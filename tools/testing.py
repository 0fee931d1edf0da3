"""A test kit for plug-ins: an opcode against its own declaration, in every engine and on every target.

    from tblvm.testing import check

    def test_mul():
        check("FXMUL", plugins=["tblvm_fixedpoint.py"])

The declaration is run by the reference interpreter; beside it, executables are built and run, on this machine
and by emulators where there are some, with operands at the edges of their types and anywhere between:
numbers, arrays of bytes, and objects of cells.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import HostError, UsageError

if TYPE_CHECKING:
    from ..core.registry import Registry
    from ..core.verified import Form, Verified
    from ..opcodes.meaning import Outcome
    from ..opcodes.signature import Pattern

__all__ = ["Checked", "check"]

_PRINTED = {"i32": "PRINT", "f32": "PRINT", "i64": "LPRINT", "f64": "DPRINT"}
_BITS = {"i32": 32, "f32": 32, "i64": 64, "f64": 64}
_EDGES = {
    "i32": (0, 1, -1, 2, 31, 32, 255, 65535, 65536, 2**31 - 1, -(2**31)),
    "i64": (0, 1, -1, 63, 64, 2**31, 2**32, 2**53, 2**63 - 1, -(2**63)),
    "f32": (
        0,
        1 << 31,
        0x3F800000,
        0xBF800000,
        0x7F800000,
        0xFF800000,
        0x7FC00000,
        1,
        0x7F7FFFFF,
        0x4F000000,
    ),
    "f64": (
        *(0, 1 << 63, 0x3FF0 << 48, 0xBFF0 << 48, 0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, 1),
        *(0x7FEFFFFFFFFFFFFF, 0x41E0 << 48, 0x43E0 << 48),
    ),
}
_PLAIN = {"imm_s": (-1, 0, 1, 63, -64, 1000), "imm_u": (0, 1, 2, 7, 63), "imm_u32": (0, 1, 2**31, 2**32 - 1)}
# Arrays: how many elements they have, and how elements are made, read and written.
_LENGTHS = (0, 1, 2, 3, 8, 31, 32, 33, 55, 56, 63, 64, 65, 100)
_ARRAYS = {"octets": "u8[]", "cells": "cells"}
_NEW = {"octets": "NEWARRAY u8[]", "cells": "NEW 0"}
_SET = {"octets": "ASTORE", "cells": "STOREM 0"}
# Prints all elements of an array, or that there is none.
_SHOW = """\
.func show_{kind}(a: {type})
  .local at: i32
  LOAD a
  JNONNULL next
  CONST "null"
  PRINT
  RET
next:
  LOAD at
  LOAD a
  {length}
  JLT more
  RET
more:
  LOAD a
  LOAD at
  {get}
  PRINT
  CONST " "
  PRINT
  LOAD at
  INC
  STORE at
  JMP next
.end
"""
_SHOWN = {"octets": _SHOW.format(kind="octets", type="u8[]", length="ALENGTH", get="ALOAD")}
_SECONDS = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """What was compared. vectors: sets of operands; trapped: how many of them trap; runs: engines and
    targets; skipped: targets whose programs this machine cannot run, with the reason."""

    vectors: int
    trapped: int
    runs: tuple[str, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Vector:
    form: Form
    operands: tuple[int | tuple[int, ...] | None, ...]  # bits; elements, None for null
    immediates: tuple[int, ...]

    def __str__(self) -> str:
        words = [
            _constant(type_, given)
            if isinstance(given, int)
            else "null"
            if given is None
            else str(list(given))
            for type_, given in zip(_operands(self.form), self.operands, strict=True)
        ]
        given = "".join(f" {each}" for each in self.immediates)
        return f"{self.form.declaration.label}{given} of ({', '.join(words)})"

    def lines(self) -> Iterator[str]:
        for type_, operand in zip(_operands(self.form), self.operands, strict=True):
            yield from _pushed(type_, operand)
        yield f"{self.form.declaration.label} {', '.join(map(str, self.immediates))}"
        for type_ in reversed(_results(self.form)):
            yield from (_PRINTED.get(type_) or f"CALL show_{type_}", 'CONST ","', "PRINT")
        yield from ('CONST "\\n"', "PRINT")


def check(
    name: str,
    *,
    plugins: Iterable[str | Path] = (),
    vectors: int = 200,
    seed: int = 1,
    engines: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> Checked:
    """Compare opcode *name* natively with its declaration, for so many sets of operands of each form.

    plugins: as `-p` takes them. engines, targets: their names; all that there are where nothing is said.
    Raises AssertionError where they differ: it names operands, results, engine and target; UsageError for an
    unknown name, and for opcodes that take or give other references, or transfer control: these need
    programs.
    """
    from ..core.registry import load

    registry = load(plugins)
    try:
        opcode = registry.isa.find(name)
    except LookupError as error:
        raise UsageError(str(error.args[0])) from None
    print(f"tblvm.testing: {opcode.label}, seed {seed}")
    rng = random.Random(f"{seed} {opcode.label}")
    every = [vector for form in _forms(registry, name) for vector in _vectors(form, vectors, rng)]
    plain: list[_Vector] = []
    traps: dict[str, _Vector] = {}  # the first of each kind: a program ends there
    trapped = 0
    for vector in every:
        outcome, _ = _reference(registry, _program(registry, [vector]))
        if outcome.trap is None:
            plain.append(vector)
        else:
            trapped += 1
            traps.setdefault(outcome.trap.name, vector)
    runs: list[str] = []
    skipped: list[str] = []
    for target in targets or _that_execute(registry):
        try:
            for engine in engines or tuple(registry.engines):
                for group in (plain, *([vector] for vector in traps.values())):
                    if group:
                        _compare(registry, group, engine, target)
                runs.append(f"{engine} on {target}")
        except HostError as error:
            skipped.append(f"{target}: {error}")
    return Checked(len(every), trapped, tuple(runs), tuple(skipped))


def _forms(registry: Registry, name: str) -> Iterator[Form]:
    from ..core.forms import forms

    for declaration in registry.isa.find(name).declarations:
        for form in forms(declaration):
            kinds = {slot.kind for slot in declaration.signature.immediates}
            known = set(_operands(form)) <= {*_PRINTED, *_NEW} and set(_results(form)) <= {*_PRINTED, *_SHOWN}
            if not known or not kinds <= set(_PLAIN) or form.graph.transfer is not None:
                raise UsageError(
                    f"{form.name} is more than check knows: it takes opcodes on numbers, arrays of bytes and "
                    "objects of cells, which give numbers and arrays of bytes, and go on behind themselves; "
                    "compare programs that use it"
                )
            yield form


def _operands(form: Form) -> tuple[str, ...]:
    """What operands are, by the names of `_PRINTED` and `_NEW`."""
    patterns = (pattern for _, pattern in form.declaration.signature.operands)
    return tuple(map(_named, form.graph.parameters, patterns))


def _results(form: Form) -> tuple[str, ...]:
    types = ("i32" if node.type == "i1" else node.type for node in form.graph.results)
    return tuple(map(_named, types, form.declaration.signature.results))


def _named(ir: str, pattern: Pattern) -> str:
    return ir if ir in _PRINTED else str(pattern)


def _pushed(type_: str, operand: int | tuple[int, ...] | None) -> Iterator[str]:
    """Instructions that push an operand."""
    if isinstance(operand, int):
        yield f"CONST {_constant(type_, operand)}"
    elif operand is None:
        yield f"NULL {_ARRAYS[type_]}"
    else:
        yield from (f"PUSH {len(operand)}", _NEW[type_])
        for at, element in enumerate(operand):
            yield from ("DUP", f"PUSH {at}", f"CONST {_constant('i32', element)}", _SET[type_])


def _vectors(form: Form, count: int, rng: random.Random) -> Iterator[_Vector]:
    """Operands at the edges, anywhere, and small ones."""
    slots = form.declaration.signature.immediates
    for _ in range(count):
        operands: list[int | tuple[int, ...] | None] = []
        for type_ in _operands(form):
            if type_ in _NEW:
                operands.append(_elements(type_, rng))
                continue
            bits = _BITS[type_]
            choice = rng.choice((rng.choice(_EDGES[type_]), rng.getrandbits(bits), rng.randrange(-300, 300)))
            operands.append(choice & ((1 << bits) - 1))
        yield _Vector(form, tuple(operands), tuple(rng.choice(_PLAIN[slot.kind]) for slot in slots))


def _elements(type_: str, rng: random.Random) -> tuple[int, ...] | None:
    """An array: any bytes; cells that often ascend, as indexes do; sometimes null."""
    if rng.random() < 0.05:
        return None
    length = rng.choice(_LENGTHS)
    if type_ == "octets":
        return tuple(rng.getrandbits(8) for _ in range(length))
    if rng.random() < 0.2:
        return tuple(rng.getrandbits(32) for _ in range(length % 8))
    return tuple(sorted(rng.randrange(33) for _ in range(length % 8)))


def _constant(type_: str, bits: int) -> str:
    from ..core.module import Constant
    from ..core.text import constant_text

    if type_ in ("i32", "i64") and bits >> (_BITS[type_] - 1):
        bits -= 1 << _BITS[type_]
    return constant_text(Constant(type_, bits))


def _program(registry: Registry, vectors: Sequence[_Vector]) -> Verified:
    from ..core.asm import assemble
    from ..stack import verify

    lines = [line for vector in vectors for line in vector.lines()]
    text = "\n".join([".func main()", *lines, "HALT", ".end", ""])
    text += "".join(shown for kind, shown in _SHOWN.items() if f"CALL show_{kind}" in text)
    return verify(assemble(text, registry.isa, "check.tba"), registry.isa)


def _reference(registry: Registry, program: Verified) -> tuple[Outcome, bytes]:
    from ..core.io.services import Console
    from ..opcodes.meaning import Machine

    console = Console()
    outcome = Machine(program, states=(console,)).run(registry.isa)
    return outcome, bytes(console.output)


def _that_execute(registry: Registry) -> tuple[str, ...]:
    """The targets of which there are executables."""
    from ..builder.artifacts import EXE

    return tuple(name for name, each in registry.targets.items() if EXE.is_for(each))


def _compare(registry: Registry, vectors: Sequence[_Vector], engine: str, target: str) -> None:
    from ..builder.host import command
    from ..builder.pipeline import build
    from ..builder.resolve import Request

    program = _program(registry, vectors)
    outcome, expected = _reference(registry, program)
    with tempfile.TemporaryDirectory(prefix="tblvm-check-") as folder:
        path = Path(folder) / "program"
        words = command(registry.targets[target], path)
        path.write_bytes(build(program.module, registry, Request(engine=engine, target=target)).image)
        path.chmod(0o755)
        done = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False)
    where = f"engine {engine} on {target}"
    pairs = zip(vectors, done.stdout.split(b"\n"), expected.split(b"\n"), strict=False)
    for vector, found, wanted in pairs:
        if found != wanted:
            raise AssertionError(
                f"{vector}, {where}: ({found.decode(errors='replace').strip(',')}), and the declaration says "
                f"({wanted.decode().strip(',')})"
            )
    said = done.stderr.decode(errors="replace").splitlines()[:1]
    asked = [f"tblvm: trap: {outcome.trap.message}"] if outcome.trap else []
    status = outcome.trap.status if outcome.trap else outcome.status
    if (said, done.returncode, done.stdout) != (asked, status, expected):
        found_, wanted_ = f"status {done.returncode}, {said}", f"status {status}, {asked}"
        raise AssertionError(f"{vectors[-1]}, {where}: {found_}, and the declaration says {wanted_}")
