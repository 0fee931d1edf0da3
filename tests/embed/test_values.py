"""Values on their way between Python and programs, both ways."""

from __future__ import annotations

import array
import math
import os
import random
import struct

import pytest

from tblvm import HostFunction, LoadError
from tblvm.embed.values import passes, read_signature, shown

from .conftest import Load

SEED = int(os.environ.get("TBLVM_TEST_SEED", "4"))
EDGES = {
    "i32": [0, 1, -1, 2**31 - 1, -(2**31)],
    "i64": [0, 1, -1, 2**31, -(2**31) - 1, 2**32, 2**63 - 1, -(2**63)],
    "f32": [0.0, -0.0, 1.5, math.inf, -math.inf, 2.0**-149, 3.4028234663852886e38],
    "f64": [0.0, -0.0, 0.1, math.inf, -math.inf, 5e-324, 1.7976931348623157e308],
}
STRINGS = ["", "a", "grün", "日本", "😀", "a\0b", "\ud800", "ÿ" * 300, "x\u0100"]
ARRAYS = {
    "i8": [0, 1, -1, 127, -128],
    "i16": [0, 32767, -32768],
    "u16": [0, 65535],
    "i32": [0, 2**31 - 1, -(2**31)],
    "i64": [0, 2**63 - 1, -(2**63)],
    "f32": [0.5, -math.inf],
    "f64": [0.1, 5e-324],
}


def same(type_: str) -> str:
    """A program with a function that gives its parameter back, and one that asks the host for that."""
    return f"""
.import ask(a: {type_}) -> {type_}: "env", "ask"
.func main()
    RET
.end
.func own(a: {type_}) -> {type_}
    LOAD a
    RET
.end
.func hosted(a: {type_}) -> {type_}
    LOAD a
    CALL ask
    RET
.end
"""


def bits(value: object) -> object:
    return struct.pack("<d", value) if isinstance(value, float) else value


@pytest.mark.parametrize("type_", EDGES)
def test_numbers(loads: Load, type_: str) -> None:
    seen: list[object] = []

    def ask(value: object) -> object:
        seen.append(value)
        return value

    vm = loads(same(type_), imports={"env": {"ask": ask}})
    for value in EDGES[type_]:
        assert bits(vm.call("own", value)) == bits(value)
        assert bits(vm.call("hosted", value)) == bits(value)
    assert list(map(bits, seen)) == list(map(bits, EDGES[type_]))
    if type_[0] == "f":
        assert math.isnan(vm.call("own", math.nan)) and math.isnan(vm.call("hosted", math.nan))


@pytest.mark.parametrize(
    ("type_", "value", "error"),
    [
        ("i32", 2**31, OverflowError),
        ("i32", -(2**31) - 1, OverflowError),
        ("i64", 2**63, OverflowError),
        ("i32", 1.5, TypeError),
        ("i32", "1", TypeError),
        ("i32", None, TypeError),
        ("f64", "1", TypeError),
        ("string", 1, AttributeError),
        ("u8[]", "text", TypeError),
        ("u8[]", [256], OverflowError),
        ("i32[]", [1.5], TypeError),
        ("i32[]", 5, TypeError),
    ],
)
def test_other_values_are_refused_and_nothing_happens(
    loads: Load, type_: str, value: object, error: type[Exception]
) -> None:
    vm = loads(same(type_), imports={"env": {"ask": lambda given: given}})
    with pytest.raises((error, TypeError)):
        vm.call("own", value)
    assert vm.fuel == loads(same(type_), imports={"env": {"ask": lambda given: given}}).fuel


@pytest.mark.parametrize(("type_", "width"), [("f32", 32), ("f64", 64)])
def test_floats_by_their_bits(loads: Load, type_: str, width: int) -> None:
    vm = loads(same(type_), imports={"env": {"ask": lambda value: value}})
    own, hosted = vm.function("own", bits=True), vm.function("hosted")
    mantissa = 23 if width == 32 else 52
    quiet = ((1 << width - 1 - mantissa) - 1) << mantissa | 1 << mantissa - 1
    signalling = quiet ^ 1 << mantissa - 1 | 1
    for each in (0, 1, quiet, signalling, signalling | 1 << width - 1, (1 << width) - 1):
        assert own(each) == each
    assert hosted(1.5) == 1.5, "the other way is what it was"
    for wrong in (-1, 1 << width):
        with pytest.raises(OverflowError, match="own takes"):
            own(wrong)
    with pytest.raises(TypeError):
        own(1.5)


def test_other_numbers_of_arguments_are_refused(loads: Load) -> None:
    vm = loads(same("i32"), imports={"env": {"ask": lambda value: value}})
    for arguments in ((), (1, 2)):
        with pytest.raises(TypeError, match="argument"):
            vm.call("own", *arguments)


@pytest.mark.parametrize("value", [None, *STRINGS])
def test_strings(loads: Load, value: str | None) -> None:
    vm = loads(same("string"), imports={"env": {"ask": lambda given: given}})
    assert vm.call("own", value) == value
    assert vm.call("hosted", value) == value


def test_strings_of_the_host_are_strings_of_the_program(loads: Load) -> None:
    """Length and units are counted in UTF-16; a string of the host equals the same one of the program."""
    vm = loads("""
.func main()
    RET
.end
.func length(a: string) -> i32
    LOAD a
    SLENGTH
    RET
.end
.func is_gruen(a: string) -> i32
    LOAD a
    CONST "grün"
    SEQUALS
    RET
.end
.func twice(a: string) -> string
    LOAD a
    LOAD a
    SCONCAT
    RET
.end
""")
    for value in STRINGS:
        assert vm.call("length", value) == len(value.encode("utf-16-le", "surrogatepass")) // 2
        # Two halves of a pair become one where they meet.
        assert vm.call("twice", value).encode("utf-16", "surrogatepass") == (value * 2).encode(
            "utf-16", "surrogatepass"
        )
    assert vm.call("is_gruen", "grün") == 1 and vm.call("is_gruen", "grun") == 0


@pytest.mark.parametrize("type_", ARRAYS)
def test_arrays(loads: Load, type_: str) -> None:
    vm = loads(same(f"{type_}[]"), imports={"env": {"ask": lambda given: given}})
    for value in ([], ARRAYS[type_], tuple(ARRAYS[type_])):
        for name in ("own", "hosted"):
            found = vm.call(name, value)
            assert isinstance(found, array.array) and list(found) == list(value)
            assert vm.call(name, found) == found
    assert vm.call("own", None) is None and vm.call("hosted", None) is None


def test_bytes(loads: Load) -> None:
    vm = loads(same("u8[]"), imports={"env": {"ask": lambda given: given[::-1]}})
    data = random.Random(SEED).randbytes(10_000)
    for value in (b"", data, bytearray(data), list(data), memoryview(data)):
        assert vm.call("own", value) == bytes(value)
        assert vm.call("hosted", value) == bytes(value)[::-1]


def test_cells(loads: Load) -> None:
    """Objects of cells come as arrays of i32."""
    vm = loads(
        """
.func main()
    RET
.end
.func second(a: cells) -> i32
    LOAD a
    PUSH 1
    LOADM 0
    RET
.end
.func pair(a: i32) -> cells
    LOCAL made: cells
    NEW 2
    STORE made
    LOAD made
    PUSH 0
    LOAD a
    STOREM 0
    LOAD made
    RET
.end
""".replace("    LOCAL made: cells\n", "    .local made: cells\n")
    )
    assert vm.call("second", [3, -7]) == -7
    assert vm.call("pair", 9) == array.array("i", [9, 0])


def test_several_results_and_many_parameters(loads: Load) -> None:
    """Numbers of all widths beside references, in one call; a host function too."""
    signature = "(a: i32, b: f64, c: string, d: i64, e: u8[], f: f32) -> (f32, u8[], i64, string, f64, i32)"
    swap = "\n".join(f"    LOAD {name}" for name in "fedcba")
    vm = loads(
        f'.import ask{signature}: "env", "swap"\n.func main()\n    RET\n.end\n'
        f".func own{signature}\n{swap}\n    RET\n.end\n"
        f".func hosted{signature}\n"
        + "\n".join(f"    LOAD {name}" for name in "abcdef")
        + "\n    CALL ask\n    RET\n.end\n",
        imports={"env": {"swap": lambda *values: values[::-1]}},
    )
    values = (-5, 0.1, "ü😀", 2**40, b"bytes", 0.5)
    assert vm.call("own", *values) == values[::-1]
    assert vm.call("hosted", *values) == values[::-1]


def test_what_cannot_leave_a_program(loads: Load) -> None:
    vm = loads("""
.class Point
    x: i32
.end
.func main()
    RET
.end
.func point() -> Point
    NULL Point
    RET
.end
.func names() -> string[]
    NULL string[]
    RET
.end
""")
    assert vm.functions == {"main": "()", "point": "() -> object", "names": "() -> string[]"}
    for name, word in (("point", "object"), ("names", r"string\[\]")):
        with pytest.raises(TypeError, match=f"a value of type {word} cannot leave the program"):
            vm.call(name)


def test_a_host_function_has_the_types_of_the_import(loads: Load) -> None:
    text = same("i32")
    right = HostFunction(lambda value: value + 1, "(i32) -> i32")
    assert loads(text, imports={"env": {"ask": right}}).call("hosted", 1) == 2
    wrong = HostFunction(lambda value: value, "(i64) -> i32")
    with pytest.raises(
        LoadError, match=r"imports env.ask as \(i32\) -> i32, but the host's function is \(i64\)"
    ):
        loads(text, imports={"env": {"ask": wrong}})
    with pytest.raises(ValueError, match="is no signature: 'int' is no type"):
        loads(text, imports={"env": {"ask": HostFunction(abs, "(int) -> i32")}})


def test_missing_imports_are_named(loads: Load) -> None:
    with pytest.raises(
        LoadError, match=r"it imports env.ask \(i>i\): the host offers no such function"
    ) as found:
        loads(same("i32"))
    assert found.value.status == 4


def test_signatures_read_and_written() -> None:
    for text in (
        "()",
        "() -> i32",
        "(i32, i64) -> (f32, f64)",
        "(string, u8[], cells) -> i16[]",
        "(any[][])",
    ):
        assert shown(read_signature(text)) == text
    for text in ("", "i32", "(i33)", "(i32]", "(u8[)"):
        with pytest.raises(ValueError, match="is no signature"):
            read_signature(text)
    assert [each for each in ("i", "s", "c", "[B", "[[B", "[s", "o", "a", "F", "B") if passes(each)] == [
        "i",
        "s",
        "c",
        "[B",
    ]


def test_references_survive_collections(loads: Load) -> None:
    """Strings and arrays of arguments, and of host functions, while the heap is collected again and again."""
    vm = loads(
        """
.import more(a: string, b: u8[]) -> string: "env", "more"
.func main()
    RET
.end
.func churn(a: string, b: u8[], n: i32) -> string
again:
    LOAD a
    CONST "+"
    SCONCAT
    POP
    LOAD a
    LOAD b
    CALL more
    STORE a
    LOAD n
    DEC
    DUP
    STORE n
    JNZ again
    LOAD a
    RET
.end
""",
        memory=4096,
        imports={"env": {"more": lambda text, data: f"{text}{data[len(text) % len(data)]}"[-20:]}},
    )
    data, text = bytes(range(200)), "start"
    for _ in range(500):
        text = f"{text}{data[len(text) % len(data)]}"[-20:]
    for _ in range(5):
        assert vm.call("churn", "start", data, 500) == text


def test_a_full_heap_is_said_before_anything_runs(loads: Load) -> None:
    vm = loads(same("string"), memory=1024, imports={"env": {"ask": lambda given: given}})
    before = vm.fuel
    with pytest.raises(MemoryError, match="no room"):
        vm.call("own", "x" * 2000)
    assert vm.fuel == before and vm.call("own", "x" * 500) == "x" * 500
