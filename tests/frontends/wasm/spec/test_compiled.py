"""A sample of the specification tests by engine aot, which has no instances to call: each call is a program of its
own, many in one executable, and does what the reference interpreter does."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable, Iterator

from tblvm.builder.invoke import invoke
from tblvm.builder.unused import run as without_unused
from tblvm.core.errors import TblvmError
from tblvm.core.verified import Verified
from tblvm.frontends.wasm import translate
from tblvm.frontends.wasm.conformance.left_out import reason
from tblvm.frontends.wasm.conformance.script import Command, Value
from tblvm.stack import verify
from tests.differential.test_programs import CANONICAL
from tests.harness import LINEAR, Job, differences, registry, run_compiled

from .convert import script
from .fetch import Unavailable, editions, scripts
from .test_editions import LISTED

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
SCRIPTS, CALLS = 24 * SCALE, 3


def word(value: Value) -> str | None:
    """An argument as --invoke has it; None where it has no word for that."""
    if value.type in ("i32", "i64"):
        return str(value.bits)
    if value.type not in ("f32", "f64"):
        return None
    kind, size = ("<f", 4) if value.type == "f32" else ("<d", 8)
    [number] = struct.unpack(kind, value.bits.to_bytes(size, "little"))
    return repr(number) if number == number else None


def calls(commands: tuple[Command, ...]) -> Iterator[tuple[Command, bytes, tuple[str, ...]]]:
    """Calls that are the first of their modules' state: assertions of results or traps, and their modules."""
    content: bytes | None = None
    for each in commands:
        if each.kind == "module":
            content = None if each.is_text else each.content
        elif (
            each.kind in ("assert_return", "assert_trap") and content is not None and each.action is not None
        ):
            words = tuple(word(value) for value in each.action.arguments)
            if not each.action.get and not each.action.module and None not in words:
                yield each, content, (each.action.field, *(text for text in words if text is not None))


def program(content: bytes, call: tuple[str, ...]) -> Verified | None:
    """A program that makes the call; None where such a module is not for this."""
    isa = registry().isa
    try:
        made = verify(invoke(translate(content, "spec.wasm", isa), isa, call), isa)
    except TblvmError:
        return None
    module = made.module
    if (
        module.imports
        or len(module.memories) > 1
        or sum(each.minimum for each in module.memories) << 16 > LINEAR
    ):
        return None
    return verify(without_unused(made, isa), isa)


def test_a_sample(unavailable: Callable[[Exception], None]) -> None:
    edition = editions()[0]
    try:
        found = sorted(scripts(edition).items())
    except Unavailable as error:
        unavailable(error)
        return
    rng = random.Random(SEED)
    work: list[tuple[str, Job]] = []
    for name, content in rng.sample(found, min(SCRIPTS, len(found))):
        if reason(LISTED, f"{edition.name}/{name}", 0):
            continue
        those = list(calls(script(name, content).commands))
        for command, module, call in rng.sample(those, min(CALLS, len(those))):
            made = program(module, call)
            if made is not None:
                work.append((f"{name}:{command.line} {call}", Job(made, fuel=100_000)))
    assert len(work) > SCRIPTS
    runs = run_compiled([job for _, job in work], "freelist", "aot", more=CANONICAL)
    traps = 0
    for (what, job), run in zip(work, runs, strict=True):
        assert not (wrong := differences(job, run, collector=False, canonical=True)), (
            f"seed {SEED}: {what}: {wrong}"
        )
        traps += bool(run.trap)
    assert 0 < traps < len(work)
