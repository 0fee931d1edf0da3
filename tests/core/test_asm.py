"""The assembler: what it makes of a source, and what it says about mistakes."""

from __future__ import annotations

import contextlib
import math
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tblvm.core.asm import assemble
from tblvm.core.code import Decoder
from tblvm.core.errors import SourceError
from tblvm.core.module import (
    UNMEASURED,
    ArrayType,
    ClassType,
    Constant,
    Debug,
    Export,
    Function,
    FunctionTable,
    FunctionType,
    Memory,
    PageUse,
    Shape,
)
from tblvm.core.text import constant_text, float_bits, quote, spell, tokenize
from tblvm.opcodes import Isa, OpcodeSet, Page
from tblvm.stack import verify

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.tba"))


def main(body: str, before: str = "", after: str = "") -> str:
    return f"{before}\n.func main()\n{body}\n.end\n{after}\n"


def code(body: str, isa: Isa, before: str = "", after: str = "") -> bytes:
    module = assemble(main(body, before, after), isa)
    return module.functions[module.entry].code


def pool(literal: str, isa: Isa) -> Constant:
    (constant,) = assemble(main(f"CONST {literal}"), isa).pool
    return constant


# --- modules ------------------------------------------------------------------------------------------


def test_exports_and_imports(isa: Isa) -> None:
    before = """.export x: global g
.export main
.export "odd name": main
.export memory: memory
.export m: memory mem
.export t: table $t
.global g: i32
.memory mem: 1
.table $t: 1
.import $h: "env", "\\u00e9 x", (Node, i64) -> Node
.import other: "", "", ()
.class Node
.end
.func memory()
    RET
.end
"""
    module = assemble(main("HALT", before), isa)
    assert module.exports == (
        Export("m", "memory", 0),
        Export("main", "function", 1),
        Export("memory", "function", 0),
        Export("odd name", "function", 1),
        Export("t", "table", 0),
        Export("x", "global", 0),
    )
    assert [(each.module, each.name) for each in module.imports] == [("env", "é x"), ("", "")]
    first, second = (module.types[each.type] for each in module.imports)
    assert (first, second) == (FunctionType((16, 2), (16,)), FunctionType((), ()))


def test_imports_of_every_kind(isa: Isa) -> None:
    before = """.import memory mem: "env", "memory", 1, 3
.import f(a: i32): "env", "f"
.import table tab: "env", "t", 2
.import global g: "env", "g", fixed i32
.import global other: "env", "h", Node[]
.import memory: "env", "named memory", ()
.import table(): "env", "named table"
.memory own: 2
.global mine: fixed f64
.data x: mem, 3
.end
.class Node
.end
.start begin
.func begin()
    HOST memory
    RET
.end
"""
    module = assemble(main("LOADG g\nPRINT\nMEMORY_SIZE own\nPOP\nHALT", before), isa)
    assert [(each.kind, each.name, each.type) for each in module.imports if each.kind != "function"] == [
        ("memory", "memory", 0),
        ("table", "t", 0),
        ("global", "g", 0),
        ("global", "h", 1),
    ]
    assert [each.name for each in module.imports if each.kind == "function"] == [
        "f",
        "named memory",
        "named table",
    ]
    assert module.memories == (Memory(1, 3), Memory(2, 0x10000))
    assert module.tables == (FunctionTable(2, 0xFFFFFFFF),)
    assert (module.globals, module.fixed_globals) == ((1, 17, 4), (0, 2))
    assert module.start is not None and module.function_name(module.start) == "begin"
    assert module.data[0].memory == 0
    verify(module, isa)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('.memory a: 1\n.import memory b: "m", "n", 1', "what is imported stands before each memory"),
        ('.import memory b: "m", "n", 2, 1', "2, 1"),
        ('.import memory b: "m", "n"', "expected ','"),
        ('.import global g: "m", "n", fixed', "no type is called fixed"),
        (".start nothing", "no function is called nothing"),
        (".start main\n.start main", ".start occurs twice"),
    ],
)
def test_mistakes_of_imports_and_start(text: str, message: str, isa: Isa) -> None:
    with pytest.raises(SourceError, match=message):
        assemble(main("HALT", text), isa)


def test_an_import_with_the_function_that_calls_it(isa: Isa) -> None:
    before = """.import f(a: i64, b: i32) -> (f32, i64): "m", "f"
.import alone: "m", "g", ()
.import g(): "m", "h"
"""
    module = assemble(main("CALL f\nCALL g\nHALT", before), isa)
    written_out = """.type ()
.import $0: "m", "f", (i64, i32) -> (f32, i64)
.import $1: "m", "g", ()
.import $2: "m", "h", ()
.func f(a: i64, b: i32) -> (f32, i64)
    .nolines
    .max_stack 2
    .local $x: f32, $y: i64
    HOST $0
    LOAD $x
    LOAD $y
    RET
.end
.func g()
    .nolines
    .max_stack 0
    HOST $2
    RET
.end
"""
    assert module.functions == assemble(main("CALL f\nCALL g\nHALT", written_out), isa).functions
    assert [each.name for each in module.imports] == ["f", "g", "h"]
    assert module.debug.locals[:2] == (("a", "b", "", ""), ())
    assert module.debug.lines[:2] == ((), ())


def test_a_whole_program(isa: Isa) -> None:
    source = """; a comment
.source "tree.tbs"
.collector
.stack 1K
.heap 0x10 ; another
.entry start
.class Node
    left: Node
    kids: Later[]
    small: u8
.end
.class Later
.end
.global counter: i32
.global "odd name": Node
.const LIMIT i32 100_000

.func start() -> i32
    .local i: i32, node: Node
    LOAD i
    CONST LIMIT
again:  JLT again
    .shape i32, Node
    newobj Node          # mnemonics in any case
    GETFIELD Node.small
    LOADG "odd name"
    CALL helper
    RET
.end
.func helper(a: i32, n: Node) -> i32
    .max_stack 7
    LOAD 0
    RET
.end
"""
    module = assemble(source, isa, "/somewhere/else.tba")
    assert module.types == (
        ClassType((16, 18, 11)),
        ClassType(()),
        ArrayType(17),
        FunctionType((), (1,)),
        FunctionType((1, 16), (1,)),
    )
    assert module.pool == (Constant("i32", 100000),)
    assert module.globals == (1, 16)
    start = b"\x05\x00\x07\x00\x25\x04\x64\x00\x10\x64\x01\x10\x02\x34\x01\x27\x01\x28"
    assert module.functions == (
        Function(start, 3, (1, 16), UNMEASURED),
        Function(b"\x05\x00\x28", 4, (), 7),
    )
    assert (module.entry, module.min_stack, module.min_heap, module.collector) == (0, 1024, 16, True)
    assert module.pages == (
        PageUse("core", -1, 0x34, isa.fingerprint("core", 0x34)),
        PageUse("object", 0x64, 1, isa.fingerprint("object", 1)),
    )
    assert module.shapes == (Shape(0, 6, (1, 16)),)
    assert module.debug == Debug(
        source="tree.tbs",
        functions=("start", "helper"),
        globals=("counter", "odd name"),
        types=("Node", "Later", "", "", ""),
        fields=(("left", "kids", "small"), (), (), (), ()),
        locals=(("i", "node"), ("a", "n")),
        lines=(
            ((0, 20), (2, 21), (4, 22), (6, 24), (9, 25), (13, 26), (15, 27), (17, 28)),
            ((0, 32), (2, 33)),
        ),
    )


def test_source_is_the_base_name_of_the_file(isa: Isa) -> None:
    assert assemble(main("HALT"), isa, "/a/b.tba").debug.source == "b.tba"
    assert assemble(main("HALT"), isa).debug.source == ""


def test_names_and_lines_can_be_left_out(isa: Isa) -> None:
    source = main("HALT", ".nonames\n.nolines\n.class A\nx: i32\n.end\n.global g: i32")
    assert assemble(source, isa).debug == Debug()
    some = assemble(main(".nonames\n.local a: i32\nHALT", ".names locals types"), isa).debug
    assert (some.functions, some.types, some.locals) == ((), ("",), ((),))


def test_explicit_lines(isa: Isa) -> None:
    source = main(
        ".line 7\nNOP\nNOP\n.line 9\nNOP\n.line 1 4\nPUSH 1", after=".func f()\n.nolines\nRET\n.end"
    )
    assert assemble(source, isa).debug.lines == (((0, 7), (2, 9), (4, 1)), ())


def test_handles_are_not_kept(isa: Isa) -> None:
    source = """.entry $f
.class $c=Node
    $x: $c
    y: i32
.end
.global $0="a b": i32
.func $f($0: i32)
    CALL $1
.end
.func $1=f()
    .local $0=x: $c
    LOADG $0
    GETFIELD $c.$x
    LOAD $0
.end
"""
    debug = assemble(source, isa).debug
    assert debug.functions == ("", "f")
    assert debug.types == ("Node", "", "")
    assert debug.fields == (("", "y"), (), ())
    assert debug.globals == ("a b",)
    assert debug.locals == (("",), ("x",))


def test_type_directives_fix_the_order(isa: Isa) -> None:
    source = main(
        ".signature $sig\nNULL i32[]\nNULL $a",
        ".type i32[]\n.type $a = $b[]\n.type $b = i32[]\n.type (i32, i32[]) -> (i32, f32)\n"
        ".type $sig = ()\n.class A\n.end",
    )
    module = assemble(source, isa)
    assert module.types == (
        ArrayType(1),
        ArrayType(18),
        ArrayType(1),
        FunctionType((1, 16), (1, 3)),
        FunctionType((), ()),
        ClassType(()),
    )
    assert module.functions[0].type == 4
    assert module.functions[0].code == b"\x64\x07\x10\x64\x07\x11"


def test_pool_directives_fix_the_order(isa: Isa) -> None:
    before = '.pool string "a"\n.pool $x i32 1\n.pool $y i32 1\n.const K i32 1'
    module = assemble(main("CONST $y\nCONST 1\nCONST K\nCONST 2.5", before), isa)
    assert [each.value for each in module.pool] == ["a", 1, 1, 0x4004000000000000]
    assert module.functions[0].code == b"\x07\x02\x07\x01\x07\x01\x07\x03"


def test_constants_enter_the_pool_when_used(isa: Isa) -> None:
    module = assemble(
        main("CONST B\nCONST B\nCONST C", '.const A i32 1\n.const B f32 1\n.const C string "x"'), isa
    )
    assert module.pool == (Constant("f32", 0x3F800000), Constant("string", "x"))


def test_constants_can_do_without_a_type(isa: Isa) -> None:
    before = '.const A "hello"\n.const B 1.5f\n.const C nan\n.pool 7L'
    module = assemble(main("CONST A\nCONST B\nCONST C\nCONST 7L", before), isa)
    assert [each.kind for each in module.pool] == ["i64", "string", "f32", "f64"]


def test_plugin_pages_get_prefixes(isa: Isa) -> None:
    body = 'test.other.LONE 1, @99, @0, l\nl: "test-page".ADD -1, 2\nADD'
    module = assemble(main(body), isa)
    assert module.functions[0].code == b"\xe0\xff\x01\x63\x00\x06\xe1\x00\x7f\x02\x10"
    assert [(use.name, use.prefix, use.last) for use in module.pages] == [
        ("core", -1, 0x10),
        ("test-page", 0xE1, 0),
        ("test.other", 0xE0, 0xFF),
    ]
    given_ = '.page "test-page" 0xF0\n.page object last 3\n.page core last 0x40'
    module = assemble(main('"test-page".TWICE x\nx: NOP', given_), isa)
    assert [(use.name, use.prefix, use.last) for use in module.pages] == [
        ("core", -1, 0x40),
        ("object", 0x64, 3),
        ("test-page", 0xF0, 0x7F),
    ]


def test_class_operand_with_field(isa: Isa) -> None:
    before = ".class A\nx: i32\ny: i32\n.end"
    assert code("test.other.LONE 1, A.y, e\ne: NOP", isa, before)[2:6] == b"\x01\x10\x01\x06"
    assert code("test.other.TWICE A", isa, before)[2:] == b"\x10"


def test_too_many_plugin_pages() -> None:
    sets = []
    for number in range(32):
        each = OpcodeSet(Page(f"p{number}"), library="test")

        @each(0, f"OP{number}")
        def nothing() -> None:
            """Nothing."""

        sets.append(each)
    with pytest.raises(SourceError, match="there are no more prefix bytes"):
        assemble(main("\n".join(f"OP{number}" for number in range(32))), Isa(sets))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("jump"), st.integers(0, 30)), st.tuples(st.just("fill"), st.integers(1, 60))
        ),
        max_size=30,
    )
)
def test_branches_reach_their_labels(isa: Isa, parts: list[tuple[str, int]]) -> None:
    lines = []
    for index, (what, number) in enumerate(parts):
        lines.append(f"l{index}:")
        lines += [f"JMP l{number % (len(parts) + 1)}"] if what == "jump" else ["NOP"] * number
    module = assemble(main("\n".join([*lines, f"l{len(parts)}: HALT"])), isa)
    body = module.functions[0].code
    starts, jumps, at = [], [], 0
    decoder = Decoder(isa, module.pages)
    for what, number in parts:
        starts.append(at)
        for _ in range(1 if what == "jump" else number):
            _, immediates, at = decoder.at(body, at)
            jumps += [(immediates[0], number % (len(parts) + 1))] if what == "jump" else []
    starts.append(at)
    assert all(starts[label] == target for target, label in jumps)
    assert at == len(body) - 1


# --- literals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("literal", "kind", "value"),
    [
        ("5", "i32", 5),
        ("-0x80000000", "i32", -(1 << 31)),
        ("'a'", "i32", 97),
        (r"'\n'", "i32", 10),
        (r"'\u{1F600}'", "i32", 0x1F600),
        ("5L", "i64", 5),
        ("0x7fffffffffffffffL", "i64", (1 << 63) - 1),
        ("1.5f", "f32", 0x3FC00000),
        ("2F", "f32", 0x40000000),
        ("-0.0f", "f32", 0x80000000),
        ("1e-3", "f64", 0x3F50624DD2F1A9FC),
        ("1e-500", "f64", 0),
        ("1_000.5", "f64", 0x408F440000000000),
        ("f32:0x7fc00001", "f32", 0x7FC00001),
        ("f64:0x1", "f64", 1),
        ("infinity", "f64", 0x7FF << 52),
        ("-infinity", "f64", 0xFFF << 52),
        ("infinityf", "f32", 0x7F800000),
        ("-infinityf", "f32", 0xFF800000),
        ("nan", "f64", 0x7FF8 << 48),
        ("nanf", "f32", 0x7FC00000),
        ('"a;b#\\n\\t\\r\\0\\\\\\"\\\'"', "string", "a;b#\n\t\r\0\\\"'"),
        (r'"\x41\u00e9\u{1F600}"', "string", "Aé😀"),
        (r'"\ud83d\ude00\ud800"', "string", "😀\ud800"),
    ],
)
def test_literals(literal: str, kind: str, value: int | str, isa: Isa) -> None:
    assert pool(literal, isa) == Constant(kind, value)


@given(st.integers(0, (1 << 32) - 1))
def test_f32_text(bits: int) -> None:
    text = constant_text(Constant("f32", bits))
    assert tokenize(text, 1).constant() == Constant("f32", bits)


@given(st.integers(0, (1 << 64) - 1))
def test_f64_text(bits: int) -> None:
    text = constant_text(Constant("f64", bits))
    assert tokenize(text, 1).constant() == Constant("f64", bits)


def finite(bits: int) -> bool:
    return math.isfinite(struct.unpack("<f", struct.pack("<I", bits))[0])


@given(st.integers(0, (1 << 31) - 1).filter(finite), st.integers(-1, 1))
def test_f32_is_rounded_once(bits: int, nudge: int) -> None:
    """Just above, below and at the middle between two neighbours; binary64 cannot tell these apart."""
    if not finite(bits + 1):
        return
    low, high = (Fraction(struct.unpack("<f", struct.pack("<I", each))[0]) for each in (bits, bits + 1))
    middle = (low + high) / 2
    scaled = middle * 10**170 + nudge
    assert scaled.denominator == 1
    expected = bits + (nudge > 0 or (nudge == 0 and bits & 1))
    assert float_bits(f"{scaled.numerator}e-170", "f32") == expected
    assert float_bits(f"-{scaled.numerator}e-170", "f32") == expected | 1 << 31


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_text_reads_back(text: str) -> None:
    assert quote(text).isprintable()
    assert tokenize(quote(text), 1).string() == text


@pytest.mark.parametrize(
    ("name", "spelled"), [("a_1", "a_1"), ("nan", '"nan"'), ("a b", '"a b"'), ("é", '"é"')]
)
def test_spelling_of_names(name: str, spelled: str) -> None:
    assert spell(name) == spelled


# --- mistakes -----------------------------------------------------------------------------------------


# Source, then line, column and length of the caret, and text.
MISTAKES: list[tuple[str, int, int, int, str]] = [
    # words
    (main('CONST "a'), 3, 7, 1, "this quote is not closed"),
    (main("PUSH 'ab'"), 3, 6, 4, "'ab' is not one character"),
    (main("PUSH ''"), 3, 6, 2, "'' is not one character"),
    (main("PUSH ?"), 3, 6, 1, '"?" has no meaning here'),
    (main("PUSH \x1b"), 3, 6, 1, '"\\x1b" has no meaning here'),
    (main(r'CONST "ab\q"'), 3, 10, 2, r"\q is no escape"),
    (main(r'CONST "\u{110000}"'), 3, 8, 10, r"\u{110000} is beyond U+10FFFF"),
    # numbers
    (main("PUSH 2147483648"), 3, 6, 10, "2147483648 is out of range: -2147483648 to 2147483647"),
    (main("PUSH " + "9" * 50), 3, 6, 50, "9 is out of range"),
    (main("PUSH 0x_"), 3, 6, 3, "0x_ is out of range"),
    (main("PUSH 1.5"), 3, 6, 3, "1.5 is no whole number"),
    (main("PUSH 5k"), 3, 6, 2, "5k is no whole number"),
    (main("PUSH 5zz"), 3, 6, 3, "5zz is no whole number"),
    (main("NEW -1"), 3, 5, 2, "-1 is out of range: 0 to 2147483647"),
    (main("PUSH x"), 3, 6, 1, "expected the value of PUSH, a whole number instead of x"),
    (main("PUSH"), 3, 5, 1, "expected the value of PUSH, a whole number at the end of the line"),
    (main("CONST 1e99f"), 3, 7, 5, "1e99f is too large for f32"),
    (main("CONST 1e999"), 3, 7, 5, "1e999 is too large for f64"),
    (main("CONST f32:0x123456789"), 3, 7, 15, "f32:0x123456789 are no bits of an f32"),
    (main("CONST f32:0xg"), 3, 7, 7, "f32:0xg is no hexadecimal number"),
    (main("CONST 5zz"), 3, 7, 3, "5zz is no number"),
    (main("CONST 1." + "1" * 1200), 3, 7, 1202, "a number has at most 1200 digits"),
    (main("HALT", ".const A f32 0x10"), 1, 14, 4, "0x10 is no number of type f32"),
    (main("HALT", '.const A f64 "x"'), 1, 14, 3, '"x" is no number of type f64'),
    (main("HALT", ".const A string 5"), 1, 17, 1, 'expected a "string" instead of 5'),
    (main("HALT", ".const A bool 1"), 1, 10, 4, "bool is no type of a constant: i32 i64 f32 f64 string"),
    (main("HALT", ".const A i32 1\n.const A i32 2"), 2, 8, 1, "constant A exists already"),
    (main("HALT", ".stack 5L"), 1, 8, 2, "5L is no whole number"),
    (main("HALT", ".heap 4G"), 1, 7, 2, "4G is out of range: 0 to 4294967295"),
    # names
    (main("PUHS 1"), 3, 1, 4, "no opcode is called PUHS; did you mean PUSH?"),
    (main('"x y" 1'), 3, 1, 3, "no opcode is called x y"),
    (main("5"), 3, 1, 1, "expected an instruction instead of 5"),
    (
        main("LOAD coutn", after="", before="").replace("LOAD", ".local count: i32\nLOAD"),
        4,
        6,
        5,
        "did you mean count?",
    ),
    (main("LOAD 0"), 3, 6, 1, "there is no local 0"),
    (main(".local a: i32\nLOAD 1"), 4, 6, 1, "1 is out of range: 0 to 0"),
    (main(".local a: i32\n.local a: i32"), 4, 8, 1, "local a exists already"),
    (main("LOADG x", ".global xx: i32"), 3, 7, 1, "no global is called x; did you mean xx?"),
    (main("LOADG 1", ".global x: i32"), 3, 7, 1, "1 is out of range: 0 to 0"),
    (main("CALL man"), 3, 6, 3, "no function is called man; did you mean main?"),
    (main("CALL 1"), 3, 6, 1, "there is no function 1"),
    (main("CALL ("), 3, 6, 1, "expected a name instead of ("),
    (main("NULL $a", ".type $a i32[]"), 1, 7, 2, "no type is called $a"),
    (main("CONST LIMT", ".const LIMIT i32 1"), 3, 7, 4, "no constant is called LIMT; did you mean LIMIT?"),
    (main("CONST"), 3, 6, 1, "expected a constant at the end of the line"),
    (main("JMP lop\nloop: HALT"), 3, 5, 3, "no label is called lop; did you mean loop?"),
    (main("a: NOP\na: NOP"), 4, 1, 1, "label a exists already"),
    (main("NEWOBJ Nod", ".class Node\n.end"), 4, 8, 3, "no type is called Nod; did you mean Node?"),
    (main("NEWOBJ string"), 3, 8, 6, "string is no class"),
    (main("NEWARRAY string"), 3, 10, 6, "string is no array type"),
    (main("NULL i32"), 3, 6, 3, "i32 is no reference type"),
    (main("NULL 3"), 3, 6, 1, "expected a type instead of 3"),
    (main("GETFIELD A.ab", ".class A\nabc: i32\n.end"), 5, 12, 2, "no field is called ab; did you mean abc?"),
    (main("GETFIELD A", ".class A\nx: i32\n.end"), 5, 11, 1, "expected '.' at the end of the line"),
    (main("GETFIELD @16, x"), 3, 15, 1, "expected a field as Class.field instead of x"),
    (main("PUSH @2147483648"), 3, 6, 11, "@2147483648 is out of range"),
    (main("LOAD @-1"), 3, 6, 3, "@-1 is out of range"),
    (main("LOAD @" + "9" * 99), 3, 6, 100, "is out of range"),
    (main("HALT", ".class A\nx: i32\nx: i32\n.end"), 3, 1, 1, "field x exists already"),
    (main("HALT", ".class A\n.end\n.class A\n.end"), 3, 8, 1, "type A exists already"),
    (main("HALT", ".type $a = i32[]\n.type $a = f32[]"), 2, 7, 2, "type $a exists already"),
    (main("HALT", ".global a: i32\n.global a: f32"), 2, 9, 1, "global a exists already"),
    (main("HALT", '.global "": i32'), 1, 9, 2, "a name cannot be empty"),
    (main("HALT", ".global $0=$1: i32"), 1, 9, 2, "a handle cannot stand for a handle"),
    (main("HALT", r'.global "\ud800": i32'), 2, 7, 4, "has a lone surrogate"),
    (main("HALT", after=".func main()\n.end"), 5, 7, 4, "function main exists already"),
    # types
    (main("HALT", ".global a: u8"), 1, 12, 2, "u8 is for fields and elements only: here it is an i32"),
    (main("HALT", ".global a: $t\n.type $t = ()"), 1, 12, 2, "$t is a function type: no value has it"),
    (main("HALT", ".type i32"), 1, 7, 3, "expected an array type or a function type"),
    (main("HALT", ".type"), 1, 6, 1, "expected an array type or a function type"),
    (main("HALT", ".type $a = i32 x[]"), 1, 16, 1, "x is one word too many"),
    (main("HALT", ".type []"), 1, 7, 1, "expected a type at the end of the line"),
    (main("HALT", ".type i32[]\n.type i32[]"), 2, 7, 3, "this type is in the table already"),
    (main("HALT", ".type $a = $b[]\n.type $b = ()"), 3, 7, 4, "a part of type 0 is 17, which is no type"),
    (main(".signature $a", ".type $a = (i32)"), 3, 12, 2, "$a is not the type of this function"),
    (main("NOP\n.signature $a", ".type $a = ()"), 4, 1, 10, ".signature stands in the first line"),
    # directives
    (main("HALT", ".clas A"), 1, 1, 5, "no directive is called .clas; did you mean .class?"),
    (main(".loca a: i32"), 3, 1, 5, "no directive of a function is called .loca; did you mean .local?"),
    (main("HALT", ".heap 1\n.heap 2"), 2, 1, 5, ".heap occurs twice"),
    (main("HALT", ".collector 1"), 1, 12, 1, "1 is one word too many"),
    (main("HALT", "NOP"), 1, 1, 3, "instructions stand between .func and .end"),
    (main("HALT", ". x"), 1, 1, 2, "no directive is called .x"),
    (main("HALT", ".names function"), 1, 8, 8, "no names are called function; did you mean functions?"),
    (main("HALT", ".entry x"), 1, 8, 1, "no function is called x"),
    (main("HALT", ".entry main main"), 1, 13, 4, "main is one word too many"),
    (main("HALT", ".class A\n.local x: i32\n.end"), 2, 1, 1, "no directive of a class is called .local"),
    (main("HALT", ".class A"), 1, 8, 1, "A has no .end"),
    (".func main()\nHALT", 1, 7, 4, "main has no .end"),
    ("", 1, 1, 1, "the program has no function"),
    (".func f()\nHALT\n.end", 1, 7, 1, "no function is called main: name the first one to run by .entry"),
    (main("HALT", ".page objct"), 1, 7, 5, "no page is called objct; did you mean object?"),
    (main("HALT", ".page object 0x65"), 1, 14, 4, "page object cannot have prefix 0x65"),
    (main("HALT", ".page test.other 0x65"), 1, 18, 4, "page test.other cannot have prefix 0x65"),
    (main("HALT", '.page test.other 0xE0\n.page "test-page" 0xE0'), 2, 19, 4, "prefix 0xe0 is taken"),
    (main("HALT", ".page core last 0"), 1, 7, 4, "the code uses opcode 0x29 of page core"),
    (main("HALT", ".export x"), 1, 9, 1, "no function is called x"),
    (main("HALT", ".export $main"), 1, 9, 5, "expected the name of an export instead of $main"),
    (main("HALT", '.export main\n.export "main": main'), 2, 9, 6, 'export "main" exists already'),
    (main("HALT", ".export m: memory main"), 1, 19, 4, "no memory is called main"),
    (main("HALT", ".export main main"), 1, 14, 4, "main is one word too many"),
    (main("HALT", ".import a"), 1, 10, 1, "expected ':' at the end of the line"),
    (main("HALT", ".import a()"), 1, 12, 1, "expected ':' at the end of the line"),
    (main("HALT", '.import a(): "m"'), 1, 17, 1, "expected ',' at the end of the line"),
    (main("HALT", '.import a(b: i32, b: i32): "m", "f"'), 1, 19, 1, "local b exists already"),
    (main("HALT", '.import main(): "m", "f"'), 2, 7, 4, "function main exists already"),
    (main("HALT", '.import a(): "m", "f"\n.import a(): "m", "f"'), 2, 9, 1, "function a exists already"),
    (main("HOST a", '.import a(): "m", "f"'), 3, 6, 1, "no import is called a"),
    (main("HALT", '.import a: "m" "f", ()'), 1, 16, 3, "expected ',' instead of"),
    (main("HALT", '.import a: "m", f, ()'), 1, 17, 1, 'expected a "string" instead of f'),
    (main("HALT", '.import a: "m", "f", i32'), 1, 22, 3, "i32 is no function type"),
    (main("HALT", '.import a: "m", "f", () x'), 1, 25, 1, "x is one word too many"),
    (main("NOP\n.shape i32"), 4, 1, 6, ".shape has no instruction behind it"),
    (main(".shape\n.shape i32\nNOP"), 4, 1, 6, "the instruction behind .shape has another one already"),
    (main("NOP\n.line 3"), 4, 1, 5, ".line has no instruction behind it"),
    (main(".line 3 0\n.line 4\nNOP"), 4, 1, 5, "the instruction behind .line has another one already"),
    (main(".max_stack 32768"), 3, 12, 5, "32768 is out of range: 0 to 32767"),
    (
        main("\n".join(f".local l{n}: i32" for n in range(32768))),
        2,
        7,
        4,
        "its frame has 32768 cells",
    ),
    # grammar
    (main("PUSH 1 2"), 3, 8, 1, "2 is one word too many"),
    (main('"test-page".ADD 1 2'), 3, 19, 1, "expected ',' instead of 2"),
    (main("HALT").replace("()", "(a i32)"), 2, 14, 3, "expected ':' instead of i32"),
    (main("HALT").replace("()", "(a: i32"), 2, 18, 1, "expected ')' at the end of the line"),
    (main("HALT").replace("()", "() -> ()()"), 2, 19, 1, "( is one word too many"),
]


@pytest.mark.parametrize(
    ("source", "line", "column", "length", "text"),
    MISTAKES,
    ids=[f"{n}-{m[4][:40]}" for n, m in enumerate(MISTAKES)],
)
def test_mistakes(source: str, line: int, column: int, length: int, text: str, isa: Isa) -> None:
    with pytest.raises(SourceError) as caught:
        assemble(source, isa, "x.tba")
    place = caught.value.diagnostic
    assert text in place.message
    assert (place.line, place.column, place.length) == (line, column, length)
    assert str(caught.value).startswith(f"x.tba:{line}:{column}: ")


def test_a_message_shows_the_place(isa: Isa) -> None:
    with pytest.raises(SourceError) as caught:
        assemble(main("\tPUHS 1"), isa)
    assert str(caught.value) == (
        "<input>:3:2: no opcode is called PUHS; did you mean PUSH?\n    \tPUHS 1\n    \t^^^^"
    )


@given(st.text(max_size=60), st.integers(0, 2))
def test_noise_gives_source_errors_only(isa: Isa, noise: str, where: int) -> None:
    source = [noise, main(noise), main("HALT", noise)][where]
    try:
        assemble(source, isa)
    except SourceError as error:
        assert error.diagnostic.line >= 1


WORDS = [
    ".",
    "func",
    "class",
    "end",
    "type",
    "pool",
    "$a",
    "@1",
    "x",
    "=",
    ":",
    "(",
    ")",
    "[",
    "]",
    ",",
    "->",
]
WORDS += [
    "i32",
    '"s"',
    "5",
    "1.5f",
    "LOAD",
    "JMP",
    "GETFIELD",
    "CONST",
    "shape",
    "line",
    "page",
    "last",
    "\n",
    "\n.",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.booleans())
def test_shuffled_words_give_source_errors_only(isa: Isa, words: list[str], inside: bool) -> None:
    text = " ".join(words)
    with contextlib.suppress(SourceError):
        assemble(main(text) if inside else main("HALT", text), isa)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_say_what_they_print(path: Path, isa: Isa) -> None:
    source = path.read_text(encoding="utf-8")
    assert "; expect: " in source
    assert assemble(source, isa, str(path)).debug.source == path.name


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {
        "hello",
        "fib",
        "sieve",
        "nqueens",
        "binary_trees",
        "list_sort",
    }
