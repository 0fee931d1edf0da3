"""Random programs, and mutated ones, through the reference and the native engine."""

from __future__ import annotations

import contextlib
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import pytest

from tblvm.core.code import Decoder, write_leb
from tblvm.core.devices.services import Prompt
from tblvm.core.errors import ModuleError
from tblvm.core.io.services import Console
from tblvm.core.module import (
    EXPORT_KINDS,
    ArrayType,
    ClassType,
    Constant,
    DataSegment,
    ElementSegment,
    Export,
    Function,
    FunctionTable,
    FunctionType,
    Implementation,
    Import,
    InterfaceType,
    Memory,
    Module,
    PageUse,
    Shape,
)
from tblvm.core.verified import Verified
from tblvm.opcodes import types
from tblvm.opcodes.meaning import Limits
from tblvm.stack import verify
from tests.differential.programs import Sketch, sketch
from tests.harness import LINE, Job, assembled, compiled, differences, disagreements, registry
from tests.harness.host import HOST
from tests.stack.watch import Watcher

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
PROGRAMS, SANITIZED, STRESSED, FREED = 500 * SCALE, 100 * SCALE, 100 * SCALE, 50 * SCALE
BATCH = 50
# What a program does with the sign of a NaN that it has computed (copysign, bits) is the target's affair
# otherwise.
CANONICAL = ("nan.canonical",)


def sketches(start: int, count: int, *, free: bool = False) -> list[Sketch]:
    """Programs number *start* and up; a number and the seed make the program."""
    return [
        sketch(random.Random(f"{SEED} program {number} {free}"), free=free)
        for number in range(start, start + count)
    ]


def check(
    start: int,
    count: int,
    *,
    heap: str = "marksweep",
    sanitize: bool = False,
    stress: bool = False,
    targets: Sequence[str] = ("x86_64-linux",),
) -> None:
    collector = heap != "freelist"
    programs = sketches(start, count, free=heap == "freelist")
    jobs = [
        # Without a collector every allocation stays.
        Job(
            assembled(each.text),
            each.stdin,
            each.fuel,
            each.stack,
            heap=1 << 20 if collector else 1 << 22,
            stress=stress,
        )
        for each in programs
    ]
    for number, found in disagreements(
        jobs, heap, targets, canonical=True, sanitize=sanitize, more=CANONICAL
    ):
        program = programs[number]
        limits = f"fuel {program.fuel}, stack {program.stack}, input {program.stdin!r}"
        raise AssertionError(f"seed {SEED}, program {start + number} ({limits}): {found}\n{program.text}")


@pytest.mark.parametrize("start", range(0, PROGRAMS, BATCH))
def test_programs(start: int) -> None:
    check(start, BATCH)


@pytest.mark.parametrize("start", range(10_000, 10_000 + SANITIZED, BATCH))
def test_programs_under_sanitizers(start: int) -> None:
    check(start, BATCH, sanitize=True)


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize("start", range(20_000, 20_000 + STRESSED, BATCH))
def test_programs_with_a_collection_at_every_allocation(start: int, sanitize: bool) -> None:
    check(start, BATCH // 2 if sanitize else BATCH, stress=True, sanitize=sanitize)


@pytest.mark.parametrize("start", range(30_000, 30_000 + FREED, BATCH))
def test_programs_that_free(start: int) -> None:
    check(start, BATCH, heap="freelist")


# --- what the generator reaches ------------------------------------------------------------------------


def watched(programs: Sequence[Sketch]) -> tuple[set[str], Counter[str], list[int]]:
    """Opcodes that ran; ends by trap ("" for none); reference maps compared: with and without references."""
    seen: set[str] = set()
    ends: Counter[str] = Counter()
    maps = [0, 0]
    for program in programs:
        console = Console()
        console.input = program.stdin
        limits = Limits(stack=program.stack, heap=1 << 20, fuel=program.fuel)
        machine = Watcher(assembled(program.text), limits=limits, states=(console, Prompt(LINE), HOST))
        outcome = machine.run(registry().isa)
        seen |= machine.seen
        ends[outcome.trap.name if outcome.trap else ""] += 1
        maps = [a + b for a, b in zip(maps, machine.maps, strict=True)]
    return seen, ends, maps


def test_the_generator_reaches_everything() -> None:
    """Every opcode runs, every trap occurs, and enough programs end in order. On the way, every
    reference map is compared with what is on the operand stack."""
    programs = sketches(0, 160) + sketches(30_000, 40, free=True)
    seen, ends, maps = watched(programs)
    every = {opcode.label for opcode in registry().isa if opcode.page.name in ("core", "object", "host")}
    raised = {
        trap.name for heap in ("marksweep", "freelist") for trap in compiled(heap).composition.plan.traps
    }
    # Nothing interrupts the harness, its screen has no file, its host ends no program (tests/wasi has such).
    raised -= {"INTERRUPTED", "CANNOT_WRITE", "EXITED"}
    for start in range(160, 1120, 160):  # what is rare may need more programs: that depends on the seed
        if not every - seen and raised <= set(ends):
            break
        more = sketches(start, 160)
        programs += more
        also, others, compared = watched(more)
        seen, ends, maps = seen | also, ends + others, [a + b for a, b in zip(maps, compared, strict=True)]
    assert not every - seen
    assert raised <= set(ends), raised - set(ends)
    assert ends[""] > len(programs) // 4
    assert ends["OUT_OF_FUEL"] > len(programs) // 20
    assert min(maps) > 500


# --- mutations -----------------------------------------------------------------------------------------

MUTANTS = 3000 * SCALE
RANDOM_MODULES = 2000 * SCALE
SURROUNDINGS = {"SPACE_INFO", "TIME_GET"}
MUTANT_BATCHES = 6


@cache
def seeds() -> tuple[tuple[Sketch, Module], ...]:
    """Small programs to mutate."""
    made = [sketch(random.Random(f"{SEED} seed {number}"), size=6) for number in range(60)]
    return tuple((each, assembled(each.text).module) for each in made)


def _any_type(module: Module, rng: random.Random) -> int:
    own = types.FIRST_MODULE_TYPE + rng.randrange(len(module.types) + 1)
    return rng.choice((own, own, *(each.code for each in types.BUILT_IN)))


def _with_code(module: Module, rng: random.Random, change: Callable[[bytearray], None]) -> Module:
    index = rng.randrange(len(module.functions))
    code = bytearray(module.functions[index].code)
    change(code)
    return _with_function(module, index, code=bytes(code))


def _with_function(module: Module, index: int, **changes: object) -> Module:
    function = replace(module.functions[index], **changes)  # type: ignore[arg-type]
    functions = (*module.functions[:index], function, *module.functions[index + 1 :])
    code = len(function.code)
    shapes = tuple(each for each in module.shapes if each.function != index or each.offset < code)
    return replace(module, functions=functions, shapes=shapes)


def _byte(module: Module, rng: random.Random) -> Module:
    def change(code: bytearray) -> None:
        at = rng.randrange(len(code))
        code[at] = rng.choice((rng.randrange(256), code[at] ^ (1 << rng.randrange(8)), (code[at] + 1) & 0xFF))

    return _with_code(module, rng, change)


def _splice(module: Module, rng: random.Random) -> Module:
    def change(code: bytearray) -> None:
        at, size = rng.randrange(len(code)), rng.randrange(1, 4)
        if rng.random() < 0.5:
            del code[at : at + size]
        else:
            code[at:at] = rng.choice((rng.randbytes(size), code[at : at + size]))

    return _with_code(module, rng, change)


def _decoded(module: Module, function: int) -> list[tuple[int, tuple[int, ...], int]]:
    """Offset, immediates and end of each instruction, up to where an earlier mutation broke the code."""
    found = []
    with contextlib.suppress(ValueError):
        decoder = Decoder(registry().isa, module.pages)
        for at, _, immediates, after in decoder.instructions(module.functions[function].code):
            found.append((at, immediates, after))
    return found


def _instruction(module: Module, rng: random.Random) -> Module:
    """Another instruction, or another immediate, of the same length."""
    index = rng.randrange(len(module.functions))
    function = module.functions[index]
    found = _decoded(module, index)
    if not found:
        return module
    at, immediates, after = rng.choice(found)
    code = bytearray(function.code)
    if immediates and rng.random() < 0.6:
        code[after - 1] = (code[after - 1] & 0x80) | rng.randrange(0x80)
    else:
        same = [(a, b) for a, _, b in found if b - a == after - at]
        start, end = rng.choice(same)
        code[at:after] = function.code[start:end]
    return _with_function(module, index, code=bytes(code), max_stack=-1)


def _swap_instructions(module: Module, rng: random.Random) -> Module:
    index = rng.randrange(len(module.functions))
    function = module.functions[index]
    found = _decoded(module, index)
    if len(found) < 2:
        return module
    first = rng.randrange(len(found) - 1)
    a, b, c = found[first][0], found[first + 1][0], found[first + 1][2]
    code = function.code[:a] + function.code[b:c] + function.code[a:b] + function.code[c:]
    return _with_function(module, index, code=code, max_stack=-1)


def _locals(module: Module, rng: random.Random) -> Module:
    index = rng.randrange(len(module.functions))
    locals_ = list(module.functions[index].locals)
    if locals_ and rng.random() < 0.8:
        locals_[rng.randrange(len(locals_))] = _any_type(module, rng)
    else:
        locals_.append(_any_type(module, rng))
    return _with_function(module, index, locals=tuple(locals_))


def _changed(items: tuple[int, ...], item: int, rng: random.Random) -> tuple[int, ...]:
    """One of the items replaced, or one more, or one less."""
    at = rng.randrange(len(items) + 1)
    return items[:at] + rng.choice(((item,), (item,), ())) + items[at + rng.randrange(2) :]


def _other_class(module: Module, entry: ClassType, code: int, rng: random.Random) -> ClassType:
    choice = rng.randrange(5)
    if choice == 0:
        return replace(entry, superclass=rng.choice((0, code)))
    if choice == 1:
        return replace(entry, virtuals=_changed(entry.virtuals, rng.randrange(len(module.functions)), rng))
    if choice == 2 and entry.interfaces:
        first, *rest = entry.interfaces
        slots = _changed(first.slots, rng.randrange(4), rng)
        changed = replace(first, **rng.choice(({"slots": slots}, {"interface": code})))  # type: ignore[arg-type]
        return replace(entry, interfaces=rng.choice(((changed, *rest), tuple(rest))))
    return replace(entry, fields=_changed(entry.fields, code, rng))


def _types(module: Module, rng: random.Random) -> Module:
    entries = list(module.types)
    index = rng.randrange(len(entries))
    entry, code = entries[index], _any_type(module, rng)
    if isinstance(entry, ArrayType):
        entries[index] = ArrayType(code)
    elif isinstance(entry, ClassType):
        entries[index] = _other_class(module, entry, code, rng)
    elif isinstance(entry, InterfaceType):
        entries[index] = InterfaceType(_changed(entry.methods, rng.randrange(len(entries)), rng))
    else:
        lists = [list(entry.parameters), list(entry.results)]
        which = rng.choice(lists)
        if which and rng.random() < 0.7:
            which[rng.randrange(len(which))] = code
        else:
            which.append(code)
        entries[index] = FunctionType(tuple(lists[0]), tuple(lists[1]))
    return replace(module, types=tuple(entries))


def _shapes(module: Module, rng: random.Random) -> Module:
    shapes = list(module.shapes)
    choice = rng.random()
    if shapes and choice < 0.7:
        index = rng.randrange(len(shapes))
        stack = list(shapes[index].types)
        if choice < 0.2:
            del shapes[index]
        else:
            if stack and choice < 0.5:
                stack[rng.randrange(len(stack))] = _any_type(module, rng)
            else:
                stack.append(_any_type(module, rng))
            shapes[index] = replace(shapes[index], types=tuple(stack))
    else:
        function = rng.randrange(len(module.functions))
        offset = rng.randrange(len(module.functions[function].code))
        stack = [_any_type(module, rng) for _ in range(rng.randrange(3))]
        if all((each.function, each.offset) != (function, offset) for each in shapes):
            shapes.append(Shape(function, offset, tuple(stack)))
    shapes.sort(key=lambda each: (each.function, each.offset))
    return replace(module, shapes=tuple(shapes))


def _tables(module: Module, rng: random.Random) -> Module:
    choice = rng.randrange(4)
    if choice == 0:
        globals_ = list(module.globals)
        globals_[rng.randrange(len(globals_))] = _any_type(module, rng)
        return replace(module, globals=tuple(globals_))
    if choice == 1 and module.pool:
        pool = list(module.pool)
        pool[rng.randrange(len(pool))] = rng.choice(
            (Constant("i32", 7), Constant("string", "s"), Constant("f32", 1 << 30), Constant("i64", -1))
        )
        return replace(module, pool=tuple(pool))
    if choice == 2:
        return replace(module, entry=rng.randrange(len(module.functions)))
    index = rng.randrange(len(module.functions))
    return _with_function(module, index, type=rng.randrange(len(module.types)))


def _spaces(module: Module, rng: random.Random) -> Module:
    """Other memories, tables and segments; not so large at first that a runtime refuses them."""
    number = rng.choice((0, 1, 2, 3, 8, 65536, 65537, 2**32 - 1))
    which = rng.randrange(4)
    if which == 0:
        return replace(module, memories=(*module.memories[1:], Memory(rng.randrange(4), number)))
    if which == 1:
        return replace(module, tables=(*module.tables[1:], FunctionTable(rng.randrange(9), number)))
    space = rng.choice((None, 0, 0, 1, 2))
    if which == 2:
        segment = DataSegment(rng.randbytes(rng.randrange(9)), space, number)
        return replace(module, data=(*module.data[1:], segment))
    functions = tuple(rng.choice((None, 0, 1, 9)) for _ in range(rng.randrange(6)))
    return replace(module, elements=(*module.elements[1:], ElementSegment(functions, space, number)))


def _links(module: Module, rng: random.Random) -> Module:
    """Another import, or another export."""
    if rng.random() < 0.7:
        type_ = rng.choice((rng.randrange(len(module.types) + 1), rng.choice(module.functions).type))
        return replace(module, imports=(*module.imports[1:], Import("m", rng.choice(("", "make")), type_)))
    export = Export(rng.choice(("", "a", "é")), rng.choice(EXPORT_KINDS), rng.randrange(3))
    return replace(module, exports=(*module.exports[:1], export))


MUTATIONS = (
    _links,
    _spaces,
    _byte,
    _splice,
    _instruction,
    _instruction,
    _swap_instructions,
    _locals,
    _types,
    _shapes,
    _tables,
)


def _accepted(module: Module) -> Verified | None:
    """None for a module that is refused, which may only be by ModuleError."""
    try:
        return verify(module, registry().isa)
    except ModuleError as error:
        assert str(error)
        return None


def agree(work: list[tuple[str, Job]]) -> None:
    harness = compiled("marksweep", more=CANONICAL)
    # FREE is in no runtime with a collector.
    work = [
        (what, job)
        for what, job in work
        if all(form.declaration.library != "memory.freelist" for form in job.verified.forms)
    ]
    for (what, job), run in zip(work, harness.run([job for _, job in work]), strict=True):
        found = differences(job, run, canonical=True)
        assert not found, f"seed {SEED}, {what}: {found}\n{job.verified.module}"


@pytest.mark.parametrize("batch", range(MUTANT_BATCHES))
def test_mutated_modules_are_refused_or_run_alike(batch: int) -> None:
    work: list[tuple[str, Job]] = []
    for number in range(batch, MUTANTS, MUTANT_BATCHES):
        rng = random.Random(f"{SEED} mutant {number}")
        program, module = rng.choice(seeds())
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            module = rng.choice(MUTATIONS)(module, rng)
        # Mutations change how deep the stack gets; mostly let the verifier measure it again.
        if rng.random() < 0.9:
            functions = tuple(replace(each, max_stack=-1) for each in module.functions)
            module = replace(module, functions=functions)
        verified = _accepted(module)
        if verified is not None:
            work.append((f"mutant {number}", Job(verified, program.stdin, fuel=300, stack=400)))
    assert len(work) > MUTANTS // MUTANT_BATCHES // 20
    agree(work)


def _random_instruction(module: Module, rng: random.Random, here: int) -> bytes:
    opcode = rng.choice(list(registry().isa))
    prefix = opcode.page.prefix
    assert prefix is not None
    code = bytes([opcode.code] if prefix < 0 else [prefix, opcode.code])
    for kind, signed in zip(opcode.kinds, opcode.signed, strict=True):
        if kind == "targets":
            count = rng.randrange(3)
            code += write_leb(count)
            code += b"".join(write_leb(rng.randrange(here + 8)) for _ in range(count + 1))
            continue
        if kind in ("class", "interface", "array", "reftype"):
            value = types.FIRST_MODULE_TYPE + rng.randrange(len(module.types))
        else:
            value = rng.choice((0, 0, 1, 2, 3, rng.randrange(here + 8)))
        code += write_leb(value, signed=signed)
    return code


def _random_code(module: Module, rng: random.Random) -> bytes:
    """Instructions with small immediates, or plain noise."""
    if rng.random() < 0.2:
        return rng.randbytes(rng.randrange(30))
    code = b""
    for _ in range(rng.randrange(1, 12)):
        code += _random_instruction(module, rng, len(code))
    return code + rng.choice((b"\x28", b"\x29", b""))


def _grown_code(module: Module, rng: random.Random) -> bytes:
    """Instructions that the verifier accepts one after the other in a function that ends by HALT."""
    code = b""
    for _ in range(60):
        tried = code + _random_instruction(module, rng, len(code))
        if rng.random() < 0.3:
            tried += _random_instruction(module, rng, len(tried))
        first = replace(module.functions[0], code=tried + b"\x29")
        if _accepted(replace(module, functions=(first, *module.functions[1:]))):
            code = tried
    return code + b"\x29"


def _random_module(rng: random.Random) -> Module:
    isa = registry().isa
    base = Module(
        types=(
            FunctionType((), ()),
            ClassType((types.I32.code, types.ANY.code, 16 + 1)),
            ArrayType(types.ANY.code),
            FunctionType((types.I32.code, types.ANY.code), (types.ANY.code,)),
            ArrayType(types.I32.code),
            InterfaceType((7,)),
            ClassType((types.I8.code,), 16 + 1, (1,), (Implementation(16 + 5, (0,)),)),
            FunctionType((16 + 5,), ()),
            FunctionType((types.ANY.code,), ()),
            ArrayType(types.U16.code),
        ),
        pool=(Constant("i32", 3), Constant("string", "x"), Constant("f64", 0)),
        globals=(types.I32.code, types.ANY.code, types.I64.code),
        memories=(Memory(1, 3), Memory(0, 9)),
        data=(DataSegment(b"abc", 0, 5), DataSegment(b"defghi")),
        tables=(FunctionTable(4, 6), FunctionTable(3, 1000)),
        elements=(ElementSegment((0, None), 0, 1), ElementSegment((0, 0), 1, 1), ElementSegment((0, None))),
        imports=(Import("m", "make", 0), Import("m", "f", 3)),
        pages=tuple(
            PageUse(name, page.prefix or 0, 0xFF, isa.fingerprint(name, 0xFF))
            for name, page in sorted(isa.pages.items(), key=lambda item: (item[0] != "core", item[0]))
        ),
    )
    stack = (types.I32.code, types.ANY.code, types.STRING.code, 16 + 1, 16 + 2, 16 + 5, 16 + 6)

    def function(code: bytes, type_: int) -> Function:
        return Function(code, type_, tuple(rng.choice(stack) for _ in range(rng.randrange(4))))

    # The one that fills the method of class 22 and of interface 21.
    filling = Function(b"\x28", 8)
    if rng.random() < 0.1:
        # LOAD 1, RET
        base = replace(base, functions=(function(b"", 0), filling, function(b"\x05\x01\x28", 3)))
        fitting = FunctionType((), base.functions[0].locals)
        base = replace(base, types=(*base.types, fitting), imports=(Import("m", "make", len(base.types)),))
        first = replace(base.functions[0], code=_grown_code(base, rng))
        return replace(base, functions=(first, *base.functions[1:]))
    count = rng.randrange(1, 4)
    functions = [function(_random_code(base, rng), 0 if i == 0 else rng.choice((0, 3))) for i in range(count)]
    functions.insert(1, filling)
    return replace(base, functions=tuple(functions))


def _random_modules() -> Iterator[tuple[str, Job]]:
    for number in range(RANDOM_MODULES):
        rng = random.Random(f"{SEED} random {number}")
        verified = _accepted(_random_module(rng))
        # What the machine and the time are like decides where some go on.
        if verified is not None and not SURROUNDINGS & {form.declaration.name for form in verified.forms}:
            yield f"random module {number}", Job(verified, b"1 2", fuel=300, stack=400)


def test_random_modules_are_refused_or_run_alike() -> None:
    work = list(_random_modules())
    assert len(work) > RANDOM_MODULES // 20
    agree(work)
