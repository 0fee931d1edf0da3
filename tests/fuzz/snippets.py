"""Programs for what seldom happens: each gets to one place, or to places of one kind, and most end there by a trap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tblvm.core.registry import Registry
from tests.fuzz.modules import DEEP_STACK, LARGE_HEAP, LITTLE, SHORT, STRESS, WHOLE

LEAST_HEAP, LEAST_STACK = 1 << 3, 1 << 5
_MOST = {"i32": (-(2**31), 2**31 - 1), "i64": (-(2**63), 2**63 - 1)}
# Numbers of both signs within and beyond every integer type, next to their bounds, and none.
_FLOATS = (
    "nan",
    "infinity",
    "-infinity",
    "0.5",
    "-0.5",
    "-1.0",
    "-1.5e5",
    "3e9",
    "-3e9",
    "5e9",
    "9.3e18",
    "-9.3e18",
    "2e19",
    "1e30",
)


@dataclass(frozen=True)
class Snippet:
    """name; text: assembly; how: the way it is run (modules.STRESS ...); stdin; named: with lines and names."""

    name: str
    text: str
    how: int = 0
    stdin: bytes = b""
    named: bool = False


def main(*lines: str, before: str = "") -> str:
    """A program whose `main` has these lines."""
    end = () if lines[-1].startswith("JMP ") else ("HALT",)
    body = "".join(f"  {line}\n" for line in (*lines, *end))
    return f"{before}.func main()\n{body}.end\n"


def snippets(reg: Registry) -> Iterator[Snippet]:
    """All of them. Each name is there once."""
    yield from _conversions(reg)
    yield from _divisions()
    yield from _references()
    yield from _waiting()
    yield from _calls()
    yield from _texts()
    yield from _spaces()
    yield from _devices()
    yield from _entries()
    yield from _joins()
    yield from _full()
    yield from _classes()
    yield from _scripts()
    yield from _imports()
    yield from _named()


def _conversions(reg: Registry) -> Iterator[Snippet]:
    """Each opcode that makes an integer of a floating-point number: all numbers where it never traps, else each
    number that it may trap on, alone."""
    for opcode in reg.isa:
        signature = opcode.declarations[0].signature
        patterns = [str(pattern) for _, pattern in signature.operands]
        if signature.immediates or len(patterns) != 1 or patterns[0] not in ("f32", "f64"):
            continue
        if [str(result) for result in signature.results] not in (["i32"], ["i64"]):
            continue
        suffix = "f" if patterns[0] == "f32" else ""
        graph = opcode.declarations[0].graph()
        traps = any(node.primitive.name == "trap_if" for node in graph.effects())
        name = opcode.label.removeprefix("core.")
        run = {each: (f"CONST {each}{suffix}", name, "POP") for each in _FLOATS}
        if not traps:
            yield Snippet(f"{name}", main(*(line for lines in run.values() for line in lines)))
            continue
        for each, lines in run.items():
            yield Snippet(f"{name} {each}", main(*lines))


def _divisions() -> Iterator[Snippet]:
    for type_, prefix, one in (("i32", "", ""), ("i64", "L", "L")):
        least = _MOST[type_][0]
        for name in ("DIV", "MOD", "DIVU", "MODU", "DIV_EXACT"):
            opcode = {"DIVU": "DIVU", "MODU": "MODU"}.get(name, name)
            for a, b in ((7, 0), (7, -1), (least, -1), (-7, 2)):
                yield Snippet(
                    f"{prefix}{name} {a} {b}",
                    main(f"CONST {a}{one}", f"CONST {b}{one}", prefix + opcode, "POP"),
                )
        for name, number in (("INC", _MOST[type_][1]), ("DEC", least), ("NEG", least)):
            yield Snippet(
                f"{prefix}{name}_EXACT", main(f"CONST {number}{one}", f"{prefix}{name}_EXACT", "POP")
            )
    pairs = ((1, 1), (1, 2), (2, 1))
    for name in ("JLEQ", "JLNE", "JLLT", "JLGT", "JLLE", "JLGE"):
        lines = [f"CONST {a}L\n  CONST {b}L\n  {name} on{i}\n  NOP\non{i}:" for i, (a, b) in enumerate(pairs)]
        yield Snippet(name, main(*lines))


def _references() -> Iterator[Snippet]:
    for element in ("i8", "u8", "i16", "u16", "i32", "i64", "f32", "any"):
        value = {"i64": "CONST 1L", "f32": "CONST 1f", "any": "NULL any"}.get(element, "PUSH 1")
        made = ("PUSH 2", f"NEWARRAY {element}[]", "PUSH 2")
        null = (f"NULL {element}[]", "PUSH 0")
        for name, lines in (("index", made), ("null", null)):
            yield Snippet(f"ALOAD {element} {name}", main(*lines, "ALOAD", "POP"))
            yield Snippet(f"ASTORE {element} {name}", main(*lines, value, "ASTORE"))
    # More live strings than the least heap has room for.
    for type_, opcode, value in (
        ("i32", "I2STR", "7"),
        ("i64", "L2STR", "7L"),
        ("f32", "F2STR", "7f"),
        ("f64", "D2STR", "7.0"),
    ):
        yield Snippet(f"{opcode} memory", _kept(f"CONST {value}\n  {opcode}"), LEAST_HEAP)
        del type_
    chars = "PUSH 1\n  NEWARRAY u16[]\n  PUSH 0\n  PUSH 1\n  SFROMCHARS"
    for name, text in (("SCONCAT", 'CONST "ab"\n  CONST "c"\n  SCONCAT'), ("SFROMCHARS", chars)):
        yield Snippet(f"{name} memory", _kept(text), LEAST_HEAP)
    # Larger than the buffer that allocation takes otherwise, once all of it was used.
    yield Snippet("NEW large", main("again:\n  NEW 9000", "POP", "JMP again"), LARGE_HEAP)
    yield Snippet("NEW memory", _kept("NEW 2", "cells"), LEAST_HEAP)


def _kept(text: str, type_: str = "string") -> str:
    """A program that keeps what this makes, eight times."""
    locals_ = "".join(f"  .local v{i}: {type_}\n" for i in range(8))
    return (
        f".func main()\n{locals_}" + "".join(f"  {text}\n  STORE v{i}\n" for i in range(8)) + "  HALT\n.end\n"
    )


def _waiting() -> Iterator[Snippet]:
    """Fuel that is at its end when a service comes back: nothing else in the loop takes as much."""
    for name, lines in (
        ("READ", ("READ", "POP")),
        ("GETCHAR", ("GETCHAR", "POP")),
        ("EVENT_WAIT", ("PUSH 0", "EVENT_WAIT", "POP")),
        ("PROMPT_READ", ("NULL string", "PROMPT_READ", "POP")),
    ):
        wait = ["NOP"] * 100
        yield Snippet(f"{name} fuel", main("again:\n  NOP", *wait, *lines, "JMP again"), STRESS, b"1 " * 20)


def _calls() -> Iterator[Snippet]:
    spaces = ".table t: 4\n.table u: 4\n.elem e: t, 0\n  f, g\n.end\n.elem d: u, 0\n  f, g\n.end\n"
    for table, name in (("", "t"), (", u", "u")):
        for opcode in ("CALL_INDIRECT", "RETURN_CALL_INDIRECT"):
            call = f"{opcode} (){table}"
            end = "" if opcode.startswith("RETURN") else "  RET\n"
            # g needs more room than f.
            wide = ".func g()\n" + "".join(f"  .local v{i}: i32\n" for i in range(40)) + "  RET\n.end\n"
            for what, text in (
                ("fuel", "".join("  NOP\n" for _ in range(30)) + f"  PUSH 0\n  {call}\n"),
                ("stack", f"  PUSH 1\n  {call}\n"),
                ("element", f"  PUSH 3\n  {call}\n"),
                ("index", f"  PUSH 4\n  {call}\n"),
                ("type", f"  PUSH 1\n  {opcode} () -> i32{table}\n  POP\n" if end else ""),
            ):
                if text:
                    program = f"{spaces}.func f()\n{text}{end}.end\n{wide}" + main("CALL f")
                    how = STRESS | DEEP_STACK if what == "fuel" else LEAST_STACK
                    yield Snippet(f"{opcode} {name} {what}", program, how)
            program = (
                f"{spaces}.func f() -> i32\n  PUSH 1\n  {opcode} () -> i32{table}\n{end}.end\n{wide}"
                + main("CALL f", "POP")
            )
            yield Snippet(f"{opcode} {name} other type", program)
    # Each parameter or local at an index whose place in the frame needs a byte more, and not.
    locals_ = "".join(f"  .local v{i}: i32\n" for i in range(129))
    pairs = ((0, 1), (0, 126), (126, 0), (126, 126))
    both = "".join(f"  transfer.BOTH v{a}, v{b}, 5\n  POP\n  POP\n  POP\n" for a, b in pairs)
    yield Snippet("BOTH", f".func main()\n{locals_}{both}  HALT\n.end\n")
    yield Snippet("BR_TABLE", main("PUSH 9", "BR_TABLE a, b", "a:\n  NOP", "b:\n  NOP"))


def _texts() -> Iterator[Snippet]:
    text, null = 'CONST "a"', "NULL string"
    for name, lines in {
        "SEQUALS null": (text, null, "SEQUALS"),
        "SEQUALS width": (text, 'CONST "\u20ac"', "SEQUALS"),
        "SINDEXOF null": (text, null, "PUSH 0", "SINDEXOF"),
        "SINDEXOFCHAR beyond": (text, "CONST 1114112", "PUSH 0", "SINDEXOFCHAR"),
        "SINDEXOFCHAR pair": ('CONST "a\U0001f600"', "CONST 128512", "PUSH 0", "SINDEXOFCHAR"),
        "SINDEXOFCHAR wide": ('CONST "a\u20ac"', "CONST 8364", "PUSH 0", "SINDEXOFCHAR"),
    }.items():
        yield Snippet(name, main(*lines, "POP"))
    for number, (begin, end, at) in enumerate(
        ((-1, 1, 0), (0, 9, 0), (1, 0, 0), (0, 1, -1), (0, 1, 2), (0, 2, 1))
    ):
        lines = (
            'CONST "abc"',
            f"PUSH {begin}",
            f"PUSH {end}",
            "PUSH 2",
            "NEWARRAY u16[]",
            f"PUSH {at}",
            "SGETCHARS",
        )
        yield Snippet(f"SGETCHARS {number}", main(*lines))
    floats = (
        "1.5.",
        "1e9999999999999999",
        "1e-9999999999999999",
        "1." + "5" * 30,
        "0x1.8p1",
        "5e-324",
        "1e308",
        "8e307",
        "2e-324",
        "1e-323",
        "9007199254740993",
        "9007199254740995",
        "9007199254740993.5",
        "16777217",
        "16777219",
        "1e-45",
        "1e-40",
        "1" + "5" * 800,
        "1" * 770 + "0" * 40,
        "0x1p-1090",
        "0x1.8p-1074",
        "0x1p-1075",
        "0x1.1p-1075",
        "0x1.00000000000008p0",
        "0x1.00000000000018p0",
    )
    convert = [line for each in floats for line in (f'CONST "{each}"', "SISFLOAT", "POP")]
    yield Snippet("SISFLOAT", main(*convert))
    convert = [
        line
        for each in floats[1:]
        for line in (f'CONST "{each}"', "STR2D", "POP", f'CONST "{each}"', "STR2F", "POP")
    ]
    yield Snippet("STR2D", main(*convert))
    extremes = [f"CONST {a}{f}\n  CONST {b}{f}\n  {p}{op}\n  POP" for p, f in (("F", "f"), ("D", "")) for op in ("MIN", "MAX")
                for a, b in (("0.0", "-0.0"), ("1.0", "2.0"), ("2.0", "1.0"), ("nan", "1.0"))]  # fmt: skip
    yield Snippet("MIN and MAX", main(*extremes))


def _spaces() -> Iterator[Snippet]:
    spaces = ".memory m: 1, 2\n.memory n: 1, 3\n"
    for to, where, count in ((0, 65535, 2), (65535, 0, 2), (0, 0, 2), (0, 0, 0)):
        lines = (f"CONST {to}", f"CONST {where}", f"CONST {count}", "MEMORY_COPY m, n")
        yield Snippet(f"MEMORY_COPY {to} {where} {count}", main(*lines, before=spaces))
    yield Snippet("memories", main("NOP", before=".memory m: 3, 5\n.memory n: 2, 2\n"))
    yield Snippet("memory 16", main("NOP", before="".join(f".memory m{i}: 0, 0\n" for i in range(17))))
    yield Snippet("table 16", main("NOP", before="".join(f".table t{i}: 0, 0\n" for i in range(17))))
    yield Snippet("tables", main("NOP", before=".table t: 65, 70\n"))


def _devices() -> Iterator[Snippet]:
    for how in (0, SHORT, LEAST_HEAP, STRESS):
        lines = [line for which in range(7) for line in (f"PUSH {which}", "SPACE_INFO", "POP")]
        # Objects that nothing names, and blocks that were given back.
        yield Snippet(f"SPACE_INFO {how}", main("NEW 4", "POP", "NEW 9", "POP", *lines), how)
    freed = (
        "NEW 4",
        "DUP",
        "FREE",
        "POP",
        "NEW 4",
        "FREE",
        "PUSH 5",
        "SPACE_INFO",
        "POP",
        "NULL cells",
        "FREE",
    )
    again = ("again:\n  NEW 9", "FREE", "JMP again")
    yield Snippet("FREE", main(*freed))
    yield Snippet("FREE again", main(*again), LEAST_HEAP)
    lines = [line for which in range(5) for line in (f"PUSH {which}", "TIME_GET", "POP")]
    yield Snippet("TIME_GET", main(*lines))
    for how in (0, SHORT, SHORT | WHOLE):
        waits = [line for time in (0, 5, -1) * 20 for line in (f"PUSH {time}", "EVENT_WAIT", "POP")]
        for number, stdin in enumerate((b"", b"x")):
            yield Snippet(f"EVENT_WAIT {how} {number}", main(*waits), how, stdin)
    yield Snippet("PROMPT_READ long", main("NULL string", "PROMPT_READ", "POP"), 0, b"x" * 70)
    yield Snippet("PROMPT_READ memory", _kept("NULL string\n  PROMPT_READ"), LEAST_HEAP, b"abcdefgh\n" * 8)
    telling = (
        "\xed\xa0\x80",
        "\xe0\x80",
        "\xf4\x90\x80\x80",
        "\xf0\x9f\x98\x80",
        "\xc3",
        "\xe2\x82\xac",
        "\xc0\x80",
        "\xe2(",
    )
    utf8 = "".join(f"{each}\r\n" for each in telling).encode("latin-1")
    yield Snippet("PROMPT_READ utf8", main(*("NULL string", "PROMPT_READ", "PRINT") * 9), 0, utf8)
    yield Snippet(
        "PROMPT_READ prompt", main('CONST "a\u00e9\u20ac\U0001f600\\ud800"', "PROMPT_READ", "POP"), 0, b"x"
    )
    # Pictures: one color, many, and what the system takes in part or not at all. The number of NOPs moves the calls.
    draw = [
        line
        for at in range(40)
        for line in (f"PUSH {at}", f"PUSH {at % 7}", f"CONST {at * 7919 % 65536}", "PIXEL_SET")
    ]
    show = ("PUSH -1", "PUSH -1", "PUSH 0", "PIXEL_SET")
    for how in (0, SHORT, WHOLE):
        yield Snippet(f"PIXEL_SET {how}", main(*draw, *show, before=".screen 60, 40\n"), how)
    for more in range(0, 64, 2):  # what comes before moves the calls that are in vain
        wait = ("PUSH 0", "EVENT_WAIT", "POP") * more
        yield Snippet(f"PIXEL_SET fault {more}", main(*wait, *show, before=".screen 9, 3\n"), SHORT | WHOLE)
        text = main(*wait, "PUSH 1", "PUSH 1", "PUSH 1", "PIXEL_SET", before=".screen 9, 3\n")
        yield Snippet(f"PIXEL_SET at the end {more}", text, SHORT | WHOLE)
    for x, y in ((9, 0), (0, 3), (-1, 0)):
        yield Snippet(
            f"PIXEL_SET {x} {y}",
            main(f"PUSH {x}", f"PUSH {y}", "PUSH 1", "PIXEL_SET", before=".screen 9, 3\n"),
        )
    yield Snippet("PIXEL_SET no screen", main(*show))


def _entries() -> Iterator[Snippet]:
    for how in (WHOLE, WHOLE | LITTLE, WHOLE | LITTLE | SHORT, WHOLE | SHORT):
        yield Snippet(f"result {how}", ".func main() -> i32\n  PUSH 3\n  RET\n.end\n", how)
        yield Snippet(f"output {how}", main('CONST "ab"', "PRINT", "PUSH 1", "PRINT"), how)
    yield Snippet("module too large", main(*("NOP",) * 2100), WHOLE | LITTLE)
    for text in ("  PUSH 1\n  PUSH 0\n  DIV\n  RET\n", "  HALT\n"):
        for how in (WHOLE, WHOLE | SHORT):
            yield Snippet(f"no result {how} {text.split()[0]}", f".func main() -> i32\n{text}.end\n", how)


def _full() -> Iterator[Snippet]:
    """Reference maps, or code, for which a runtime's memory is too little."""
    for deep in (20, 60):
        text = main(
            *("NULL any",) * deep, *("CALL f",) * 80, *("POP",) * deep, before=".func f()\n  RET\n.end\n"
        )
        yield Snippet(f"maps {deep}", text, LITTLE)
    for size in (300, 700):
        yield Snippet(f"code {size}", main(*("NOP",) * size), LITTLE)


def _joins() -> Iterator[Snippet]:
    """Stacks that meet: deep ones of other nodes, more than once; of other types, other depths."""
    deep, pushes = 70, "  PUSH 1\n" * 70
    pops = "  POP\n" * deep
    again = f"  PUSH 0\n  JZ a\n{pops}{pushes}" * 2
    yield Snippet("join deep", f".func main()\n{pushes}{again}  PUSH 0\n  JZ a\na:\n  HALT\n.end\n")
    functions = "".join(f".func f{i}()\n{pushes}{again}a:\n{pops}  RET\n.end\n" for i in range(2))
    yield Snippet("join deep twice", functions + main("CALL f0", "CALL f1"))


def _named() -> Iterator[Snippet]:
    """Names and lines as they are seldom."""
    lines = main(".line 9\n  NOP", ".line 3\n  NOP", ".line 300000\n  NOP", "PUSH 1", "PUSH 0", "DIV", "POP")
    for source in ("a/b/c.tba", "a///", "/", "b"):
        yield Snippet(f"source {source}", f'.source "{source}"\n{lines}', named=True)


def _classes() -> Iterator[Snippet]:
    face = ".interface F\n  m(i32) -> i32\n.end\n.class A implements F\n  .method m: a_m\n.end\n.class D extends A\n.end\n"
    for opcode, type_ in (("INVOKEVIRTUAL", "A"), ("INVOKEINTERFACE", "F")):
        call = f"PUSH 1\n  {opcode} {type_}.m"
        again = f".func a_m(self: A, n: i32) -> i32\n  .local x: i32\n  LOAD self\n  {call}\n  RET\n.end\n"
        slow = again.replace("  LOAD self", "  NOP\n" * 30 + "  LOAD self")
        yield Snippet(f"{opcode} null", face + again + main(f"NULL {type_}\n  {call}", "POP"))
        yield Snippet(f"{opcode} stack", face + again + main(f"NEWOBJ D\n  {call}", "POP"), LEAST_STACK)
        yield Snippet(f"{opcode} fuel", face + slow + main(f"NEWOBJ D\n  {call}", "POP"), STRESS | DEEP_STACK)
    holes = ".class A\n  a: i8\n.end\n.class B extends A\n  b: i32\n.end\n.class C extends B\n  c: i8\n  d: i8\n.end\n"
    yield Snippet("fields in holes", main("NEWOBJ C", "POP", before=holes))
    method = ".func a_m(self: A, n: i32) -> i32\n  LOAD n\n  RET\n.end\n"
    for given, wanted in (("A", "D"), ("D", "A"), ("D", "F"), ("C", "F"), ("C", "A")):
        for opcode in ("CAST", "INSTANCEOF"):
            text = main(
                f"NEWOBJ {given}",
                "STOREG g",
                "LOADG g",
                f"{opcode} {wanted}",
                "POP",
                before=".global g: any\n.class C\n.end\n",
            )
            yield Snippet(f"{opcode} {given} {wanted}", face + method + text)


def _scripts() -> Iterator[Snippet]:
    yield Snippet("SCRIPT_EXEC", main('CONST "x"', "SCRIPT_EXEC", "POP"))
    # 1,900 of 2,000 instructions in a loop, and more before it is asked for.
    loop = ("PUSH 19", "STORE i", "again:", *("NOP",) * 95, "LOAD i", "DEC", "STORE i", "LOAD i", "JNZ again")
    yield Snippet(
        "SCRIPT_EXEC fuel",
        main(".local i: i32", *loop, *("NOP",) * 150, 'CONST "x"', "SCRIPT_EXEC", "POP"),
        STRESS,
    )


def _imports() -> Iterator[Snippet]:
    """Functions of the host (tests/harness/c/host.c), and what is exported."""
    both = """.import alone: "m", "", (i32) -> string
.export a: global g
.export ab: memory m
.export b: table t
.export main
.global g: any
.memory m: 1
.table t: 1
.import make(a: i32, b: any) -> (string, any, i32): "name", "make"
.import fail(a: i32): "a", "fail"
.import end(): "a", "end"
"""
    calls = ["CALL end", "PUSH 7", 'CONST "x"', "CALL make", "POP", "STOREG g", "PRINT"]
    yield Snippet("HOST", main(*calls, before=both), LARGE_HEAP)
    yield Snippet("HOST heap", main(*calls * 9, before=both), LEAST_HEAP)
    yield Snippet("HOST fails", main(*("PUSH 0", "CALL fail") * 2, *("PUSH 1", "CALL fail") * 4, before=both))
    for number in range(4):
        yield Snippet(f"HOST fails {number}", main(f"PUSH {number}", "CALL fail", before=both))
    again = ("again:", "CALL end", "JMP again")
    for more in range(4):  # fuel ends within HOST's function, and elsewhere
        yield Snippet(f"HOST fuel {more}", main(*("NOP",) * more, *again, before=both), STRESS)


def refused() -> Iterator[str]:
    """Texts of programs that the verifier refuses, which is not asked before they become files."""
    before = """.memory m: 1
.table t: 1
.import one: "m", "f", () -> i32
.import two: "m", "f", (i32) -> i32
.class C
  c: i32
.end
.class A
  .method g: h
.end
.func f() -> i32
  PUSH 1
  RET
.end
.func g(a: i32)
  RET
.end
.func h(self: A)
  RET
.end
"""
    for lines in (
        ("CALL @9",),
        ("HOST @9",),
        ("HOST one",),
        (".local x: i64\n  HOST one",),
        (".local x: i32\n  HOST two",),
        ("MEMORY_SIZE @9", "POP"),
        ("DATA_DROP @2",),
        ("TABLE_SIZE @2", "POP"),
        ("ELEM_DROP @2",),
        ("PUSH 0", "CALL_INDIRECT @9"),
        ("PUSH 0", "CALL_INDIRECT @0"),
        ("LOAD @9", "POP"),
        ("LOADG @9", "POP"),
        ("CONST @9", "POP"),
        ("NEWOBJ @16", "POP"),
        ("NEWOBJ @99", "POP"),
        ("NULL C", "GETFIELD C.@7", "POP"),
        ("PUSH 1", "NEWARRAY @16", "POP"),
        ("NULL i8[]", "PUSH 0", "PUSH 1", "SFROMCHARS", "POP"),
        ("NULL C", "PUSH 0", "PUSH 1", "SFROMCHARS", "POP"),
        ("NULL C", "PUSH 0", "ALOAD", "POP"),
        ("NULL i64[]", "PUSH 0", "PUSH 1", "ASTORE"),
        ("PUSH 1", "ISNULL", "POP"),
        ("NULL @3", "POP"),
        ("NULL @99", "POP"),
        ("PUSH 1", "JNULL a", "a:\n  NOP"),
        ("CONST 1L", "PRINT"),
        ("POP",),
        ("CALL g",),
        ("CONST 1L", "CALL g"),
        ("NULL C", "INVOKEINTERFACE @16, @0"),
        ("NULL A", "INVOKEVIRTUAL A.@7"),
        ("INVOKEVIRTUAL A.g",),
        ("RETURN_CALL f",),
        ("PUSH 1", "PUSH 0", "JZ a", "PUSH 1", "a:\n  POP"),
        ("JMP a", "NOP", "a:\n  NOP"),
        (".shape i32\n  POP",),
    ):
        yield main(*lines, before=before)
