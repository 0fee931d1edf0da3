"""Programs that a host loads, by each engine that loads programs: what happens is the same, to the instruction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import tblvm
from tblvm import Stopped, Store, TooLarge, UsageError
from tblvm.builder.runtimes import engine_words, usual_engine
from tblvm.core.registry import Registry, load
from tblvm.tools.cli import main
from tests.machine.levels import LEVELS

ENGINES = sorted(name for name, each in load().engines.items() if each.loads)
# Own code for every way in and out of a function, the heap, memory, a table, the host.
TEXT = b"""
.memory m: 1, 2
.table t: 2
.elem twice_and_fact: t, 0
    twice, fact
.end
.import ask(n: i32) -> i32: "env", "ask"
.func main()
    PUSH 7
    PRINT
    RET
.end
.func twice(n: i32) -> i32
    LOAD n
    LOAD n
    ADD
    RET
.end
.func fact(n: i32) -> i32
    LOAD n
    JZ one
    LOAD n
    LOAD n
    DEC
    CALL fact
    MUL
    RET
one:
    PUSH 1
    RET
.end
.func by(which: i32, n: i32) -> i32
    LOAD n
    LOAD which
    CALL_INDIRECT (i32) -> i32
    RET
.end
.func sum(numbers: i32[]) -> i32
    .local i: i32
    .local total: i32
again:
    LOAD i
    LOAD numbers
    ALENGTH
    JEQ done
    LOAD numbers
    LOAD i
    ALOAD
    LOAD total
    ADD
    STORE total
    LOAD i
    INC
    STORE i
    JMP again
done:
    LOAD total
    RET
.end
.func half(n: i32) -> i32
    LOAD n
    PUSH 0
    DIV
    RET
.end
.func word(at: i32) -> i32
    LOAD at
    I32_LOAD 0
    RET
.end
.func asked(n: i32) -> i32
    LOAD n
    CALL ask
    INC
    RET
.end
.func fill()
    PUSH 1000000
    NEWARRAY i32[]
    POP
    RET
.end
.func deep(n: i32) -> i32
    LOAD n
    CALL deep
    INC
    RET
.end
.func spin()
again:
    JMP again
.end
"""
CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("twice", (21,)),
    ("fact", (10,)),
    ("by", (1, 5)),
    ("by", (2, 5)),
    ("sum", ([1, 2, 39],)),
    ("sum", (None,)),
    ("half", (1,)),
    ("word", (65533,)),
    ("asked", (5,)),
    ("asked", (-1,)),
    ("fill", ()),
    ("deep", (1,)),
    ("spin", ()),
]


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def asked(n: int) -> int:
    if n < 0:
        raise LookupError("nothing below zero")
    return 2 * n


def ends(level: str, engine: str) -> Iterator[tuple[Any, ...]]:
    """How each call ends: what it gives or the error, the stack trace, the fuel."""
    given: dict[str, Any] = {
        "isolation": level,
        "engine": engine,
        "stack": 500,
        "memory": "1M",
        "fuel": 10**5,
    }
    store = Store(imports={"env": {"ask": tblvm.HostFunction(asked, "(i32) -> i32")}}, **given)
    assert store.engine == engine
    with store.load(TEXT) as vm:
        assert vm.report().engine == engine
        for name, arguments in CALLS:
            vm.fuel = 1000
            try:
                said: Any = vm.call(name, *arguments)
            except Stopped as error:
                frames = [(frame.function, frame.line) for frame in error.frames]
                said = (type(error).__name__, str(error), error.status, frames)
            yield name, arguments, said, vm.fuel
        vm.fuel = 1000
        yield vm.run().output, vm.fuel


def test_engines_agree(level: str) -> None:
    first, *others = ([*ends(level, each)] for each in ENGINES)
    assert others and all(each == first for each in others)
    said = {(name, *arguments) if name == "by" else name: what for name, arguments, what, _ in first[:-1]}
    assert (said["twice"], said["fact"], said["by", 1, 5]) == (42, 3628800, 120)
    assert (said["half"][0], said["deep"][0], said["spin"][0]) == ("Trap", "StackExceeded", "FuelExhausted")


def least(fits: Any, low: int, high: int) -> int:
    """The least value that fits, of those above *low*; *high* does."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def test_register_code_has_a_limit(level: str, registry: Registry) -> None:
    """Of its own, which holds at exactly its value; what has none has no such limit."""
    for engine in ENGINES:
        library = registry.libraries[registry.engines[engine].library]
        assert [each.name for each in library.options if each.limit] == ["registers"] * (engine == "threaded")

    def loads_with(value: int, text: bytes) -> bool:
        store = Store(isolation=level, engine="threaded")
        store._limits["registers"] = value
        try:
            with store.load(text) as vm:
                assert vm.call("twice", 4) == 8 and vm.report().limits["registers"] == value
        except TooLarge as error:
            assert "set a larger registers" in str(error)
            return False
        return True

    def text(count: int) -> bytes:
        twice = ".func twice(n: i32) -> i32\n  LOAD n\n  LOAD n\n  ADD\n  RET\n.end\n"
        other = ".func f{}(n: i32) -> i32\n  LOAD n\n  LOAD n\n  ADD\n  RET\n.end\n"
        return (
            "".join(other.format(i) for i in range(count)) + twice + ".func main()\n  RET\n.end\n"
        ).encode()

    few, many = text(1), text(40)
    needed = least(lambda value: loads_with(value, few), 24 << 20, 28 << 20)
    assert not loads_with(needed - 1, few) and loads_with(needed, few)
    # Each function more takes more: its own row, records of 24 bytes.
    assert not loads_with(needed + 39 * (12 + 24), many) and loads_with(needed + 39 * 1000, many)


# --- names ------------------------------------------------------------------------------------------------


@pytest.mark.outside
@pytest.mark.parametrize("isolation", ["none", "process"])
def test_engines_that_load_nothing(isolation: str) -> None:
    program = b".func main()\n  RET\n.end\n"
    with pytest.raises(
        UsageError, match=r"engine aot compiles .* take engine switch or threaded, or build"
    ) as one:
        tblvm.load(program, engine="aot", isolation=isolation)
    assert "tbbuild --engine aot PROGRAM" in str(one.value)
    with pytest.raises(UsageError, match="no engine is called thraeded; did you mean threaded"):
        tblvm.load(program, engine="thraeded", isolation=isolation)
    with pytest.raises(UsageError, match="engine aot compiles"):
        tblvm.map(program, [1], engine="aot", isolation=isolation)


def test_the_usual_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment says it, as for every build; then nothing has to be told, and a store knows it."""
    monkeypatch.delenv("TBLVM_ENGINE", raising=False)
    assert (usual_engine(), Store().engine) == ("switch", "switch")
    assert engine_words("switch") == engine_words(None) == () and engine_words("threaded")[1] == "threaded"
    monkeypatch.setenv("TBLVM_ENGINE", "threaded")
    assert Store().engine == "threaded" and Store(engine="switch").engine == "switch"
    assert engine_words("switch") == ("--engine", "switch") and engine_words("threaded") == ()


# --- command lines ----------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "module.tba"
    file.write_bytes(
        TEXT.replace(b'.import ask(n: i32) -> i32: "env", "ask"\n', b"").replace(b"CALL ask", b"INC")
    )
    return file


@pytest.mark.outside
def test_run(program: Path, engine: str, capfd: pytest.CaptureFixture[str]) -> None:
    """With walls and without them."""
    for walls in ((), ("--isolation", "process", "--fuel", "100", "--report", "--json")):
        done = CliRunner().invoke(main, ["run", "--engine", engine, *walls, str(program)])
        assert (done.exit_code, done.stdout + capfd.readouterr().out) == (0, "7")
        if walls:
            assert json.loads(done.stderr)["engine"] == engine
    for bad, said in (("aot", "cannot load any: take engine switch"), ("thread", "did you mean threaded")):
        for walls in ((), ("--fuel", "100")):
            done = CliRunner().invoke(main, ["run", "--engine", bad, *walls, str(program)])
            assert done.exit_code == 2 and said in done.output and "Traceback" not in done.output


@pytest.mark.outside
def test_map_goes_on_with_another_engine(program: Path, tmp_path: Path) -> None:
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.write_text("3\n4\n5\n")

    def mapped(*words: str) -> list[dict[str, Any]]:
        given = ["map", "-q", "-o", str(out), "--call", "fact", *words, str(program), str(inputs)]
        done = CliRunner().invoke(main, given)
        assert (done.exit_code, done.output) == (0, "")
        return [json.loads(line) for line in out.read_text().splitlines()]

    switch = mapped("--engine", "switch")
    out.write_text("".join(out.read_text().splitlines(keepends=True)[:2]))
    both = mapped("--engine", "threaded", "--resume")
    assert both[:2] == switch[:2] and len(both) == 4
    for one, other in zip(switch[1:], both[1:], strict=True):
        assert (one["value"], one["spent"]["fuel"]) == (other["value"], other["spent"]["fuel"])
    done = CliRunner().invoke(main, ["map", "--engine", "aot", str(program), str(inputs)])
    assert done.exit_code == 2 and "cannot load any" in done.output
