"""Native code of plug-ins behind a gate: what goes across, what is refused, and that nothing goes around."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import tblvm
from tblvm.builder import pipeline
from tblvm.builder.artifacts import EXE, KINDS, PLUGIN_GATE
from tblvm.builder.cli import main
from tblvm.builder.gated import gated, obstacle
from tblvm.builder.pipeline import Artifact, translate
from tblvm.builder.resolve import Request
from tblvm.core.errors import PolicyError, UsageError
from tblvm.core.parts import Memory, MicroLibrary, NativeImport, Option
from tblvm.core.registry import Registry, load
from tblvm.isolation.inventory import executable, inventory
from tblvm.stack import verify
from tests.harness import Job, reference

# All of it is compiled, and none of it is asked of keys.
pytestmark = pytest.mark.outside

PLUGINS = Path(__file__).parent / "plugins"
LEDGER = Path(__file__).parents[2] / "plugins" / "ledger" / "tblvm_ledger"
# Executables whose plug-ins' code is called by a gate that changes no rights.
GATED = replace(EXE, interfaces=(*EXE.interfaces, PLUGIN_GATE))
GUEST = KINDS["guest"]

NATIVE = """\
.memory bytes: 1, 1
.func main()
    PUSH -5
    LPUSH 2000000000
    LPUSH 2000000000
    LMUL
    PUSH 300000000
    NATIVE_ADD
    LPRINT
    PUSH 10
    PUTCHAR
    PUSH 3
    I2D
    PUSH 2
    I2F
    NATIVE_MEAN
    DPRINT
    PUSH 10
    PUTCHAR
    PUSH 65526
    PUSH 7
    PUSH 10
    NATIVE_FILL
    PUSH 65520
    PUSH 16
    NATIVE_SUM
    PRINT
    PUSH 10
    PUTCHAR
    LPUSH -7
    PUSH {divisor}
    I2L
    NATIVE_DIVIDE
    LPRINT
    PUSH 65527
    PUSH {count}
    NATIVE_SUM
    PRINT
    HALT
.end
"""


@pytest.fixture(scope="module")
def plugins() -> Registry:
    return load([PLUGINS / "native", PLUGINS / "hostile", PLUGINS / "plain_gate"])


@pytest.fixture(scope="module")
def built(plugins: Registry) -> Callable[..., Artifact]:
    def build(text: str, trust: tuple[str, ...] = (), **request: object) -> Artifact:
        module = translate(text.encode(), "program.tba", plugins)
        words = Request(passes=(), trust=("plain-gate", *trust), **request)  # type: ignore[arg-type]
        return pipeline.build(module, plugins, words)

    return build


def run(made: Artifact, folder: Path) -> tuple[int, str, str]:
    (folder / "program").write_bytes(made.image)
    (folder / "program").chmod(0o755)
    done = subprocess.run([folder / "program"], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("divisor, count", [(2, 9), (0, 0), (-1, 0), (3, 10), (1, -1)])
def test_behind_a_gate_functions_do_what_they_did(
    built: Callable[..., Artifact], plugins: Registry, tmp_path: Path, divisor: int, count: int
) -> None:
    text = NATIVE.format(divisor=divisor, count=count)
    plain, behind = built(text), built(text, artifact=GATED)
    assert plain.plan.gated == frozenset() and behind.plan.gated == {"native"}
    status, output, errors = run(plain, tmp_path)
    assert (status, output, errors) == run(behind, tmp_path)
    verified = verify(translate(text.encode(), "program.tba", plugins), plugins.isa)
    _, outcome, printed = reference(Job(verified), plugins)
    assert output.encode() == printed
    assert (outcome.trap is None) == (status == 0)


def test_nothing_goes_around_the_gate(built: Callable[..., Artifact]) -> None:
    """Only the other side of the gate calls a plug-in's functions."""
    made = built(NATIVE.format(divisor=1, count=1), artifact=GATED)
    for unit in made.sources.units:
        calls = set(re.findall(r"(?<![\w])test_native_\w+(?=\()", unit.text))
        assert not calls or unit.name in ("plain-gate.c", "native.c"), unit.name
    [engine] = [each.text for each in made.sources.units if each.name == "engine.c"]
    assert len(set(re.findall(r"tb_gated_test_native_\w+", engine))) == 5
    [own] = [each.text for each in made.sources.units if each.name == "native.c"]
    assert "#define TB_GATED 1" in own
    assert sum("TB_GATED" in each.text for each in made.sources.units) == 1


def test_without_a_gate_it_costs_nothing(built: Callable[..., Artifact]) -> None:
    made = built(NATIVE.format(divisor=1, count=1))
    assert not any("gated" in each.text or "GATED" in each.text for each in made.sources.units)
    trusted = built(NATIVE.format(divisor=1, count=1), artifact=GATED, trust=("native",))
    [engine] = [each.text for each in made.sources.units if each.name == "engine.c"]
    assert [engine] == [each.text for each in trusted.sources.units if each.name == "engine.c"]


@pytest.mark.parametrize(
    "number, message", [(2, "a plug-in gave what it cannot give"), (-1, "a plug-in gave")]
)
def test_a_trap_that_is_none_ends_the_program(
    built: Callable[..., Artifact], tmp_path: Path, number: int, message: str
) -> None:
    made = built(f".func main()\n PUSH {number}\n HOSTILE_STATUS\n PRINT\n HALT\n.end\n", artifact=GATED)
    status, output, errors = run(made, tmp_path)
    assert status != 0 and output == "" and message in errors


def test_results_have_the_bits_of_their_types(built: Callable[..., Artifact], tmp_path: Path) -> None:
    text = ".func main()\n HOSTILE_GARBAGE\n I2L\n LPRINT\n PUSH 0\n HOSTILE_STATUS\n PRINT\n HALT\n.end\n"
    assert run(built(text, artifact=GATED), tmp_path) == (0, "-10", "")


def test_a_context_behind_a_gate_is_words(built: Callable[..., Artifact], tmp_path: Path) -> None:
    """What a plug-in would change of the engine's state, it changes of its own words."""
    text = ".func main()\n HOSTILE_CONTEXT\n LPRINT\n PUSH 1\n PRINT\n HALT\n.end\n"
    status, output, _ = run(built(text, artifact=GATED), tmp_path)
    assert (status, output) == (0, f"{0xDEADBEEFDEADBEEF - 2**64}1")


def test_without_a_gate_hostile_code_has_what_the_host_has() -> None:
    """What the tests behind protection keys stop is real: the same calls read and write the host's secret."""
    from tests.isolation.keys.test_plugins import PROGRAM

    secret = ctypes.create_string_buffer(b"8 bytes.")
    address = ctypes.addressof(secret)
    with tblvm.load(PROGRAM.encode(), plugins=[PLUGINS / "native", PLUGINS / "hostile"]) as vm:
        assert vm.call("read", address) == int.from_bytes(b"8 bytes.", "little")
        vm.call("write", address, int.from_bytes(b"written.", "little"))
    assert secret.value == b"written."


# --- guests -------------------------------------------------------------------------------------------------


def test_images_of_guests_have_nothing_forbidden_and_constants_are_not_code(plugins: Registry) -> None:
    """Case 54: what a program says of constants is in tables, and tables are on pages that nothing executes."""
    features = ("native", "hostile", "int", "long", "linear")
    made = pipeline.build(None, plugins, Request(artifact=GUEST, features=features, passes=()))
    assert made.plan.gated == {"native", "hostile"}
    assert inventory(made.image, made.linked.full) == ()
    from io import BytesIO

    from elftools.elf.elffile import ELFFile

    segments = list(ELFFile(BytesIO(made.image)).iter_segments("PT_LOAD"))
    assert [each["p_flags"] & 3 for each in segments].count(3) == 0
    assert len([each for each in segments if each["p_flags"] & 1]) == 1
    # The library's own tables of messages are constants: not in what can be executed.
    assert b"integer divide by zero" in made.image
    assert not any(b"integer divide by zero" in code for _, code in executable(made.image))


def test_a_constant_in_code_is_refused_by_name(plugins: Registry, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "plugin.py").write_text(
        (PLUGINS / "native" / "plugin.py")
        .read_text()
        .replace('"native"', '"sprayed"')
        .replace("NATIVE_", "SPRAYED_")
        .replace("test_native", "test_sprayed")
    )
    text = (PLUGINS / "native" / "c" / "native.c").read_text().replace("test_native", "test_sprayed")
    (tmp_path / "c" / "native.c").write_text(
        text.replace("  if (!b) return 1;\n", "  if (!b) return 1;\n  a ^= 0x00ef010f;\n")
    )
    with pytest.raises(
        Exception, match=r"test_sprayed_divide of micro-library sprayed: wrpkru \(changes which"
    ):
        pipeline.build(
            None, load([tmp_path]), Request(artifact=GUEST, features=("sprayed", "linear"), passes=())
        )


def test_what_needs_the_engine_s_memory_is_refused(tmp_path: Path) -> None:
    registry = load([LEDGER])
    with pytest.raises(PolicyError) as error:
        pipeline.plan(None, registry, Request(artifact=GUEST, features=("ledger.hash",)))
    message = str(error.value)
    assert (
        "ledger.hash is needed for --features ledger.hash, but it comes from plug-in tblvm_ledger" in message
    )
    assert "its service digest takes or gives more than numbers" in message
    assert "--trust ledger.hash trusts it, --isolation process needs no trust" in message
    for trust in (("ledger.hash",), ("tblvm_ledger",)):
        plan = pipeline.plan(None, registry, Request(artifact=GUEST, features=("ledger.hash",), trust=trust))[
            2
        ]
        assert "ledger.hash" in {each.name for each in plan.libraries} and "ledger.hash" not in plan.gated
    # A runtime for the page goes without.
    plan = pipeline.plan(None, registry, Request(artifact=GUEST, features=("ledger",)))[2]
    assert "ledger.hash" not in {each.name for each in plan.libraries}
    assert any(use.form.declaration.page.name == "ledger" for use in plan.need.uses)


def test_names_of_nobody_are_not_trusted(plugins: Registry) -> None:
    with pytest.raises(UsageError, match="no plug-in or micro-library is called nativ; did you mean native"):
        gated(plugins, GUEST.interfaces, ("nativ",))


@pytest.mark.parametrize(
    "more, why",
    [
        ({"context": "u32 mine;"}, "its context would be part of the engine"),
        ({"store": "u32 mine;"}, "its store"),
        ({"macros": {"TB_FRAMES(cx)": "0"}}, "its macros"),
        ({"prototypes": "void mine(void);"}, "its prototypes"),
        ({"include": ("mine.h",)}, "its include"),
        ({"provides": ("heap",)}, "its provides"),
        ({"on_start": ("mine",)}, "its on start"),
        ({"on_roots": ("mine",)}, "its on roots"),
        ({"memory": (Memory("mine", "mine", lambda plan, program: 1),)}, "its memory"),
        ({"needs_barrier": True}, "its needs barrier"),
        ({"guarded": True}, "its guarded"),
        (
            {"imports": (NativeImport("a", "b", (), "", "c", "d", ends=True),)},
            "its function a.b can end the program",
        ),
    ],
)
def test_what_would_be_part_of_the_engine_is_refused(
    registry: Registry, more: dict[str, object], why: str
) -> None:
    library = MicroLibrary("mine", "mine", Path())
    assert obstacle(library, registry) == ""
    option = Option("mine.size", 1, "number", "TB_MINE", "mine")
    assert obstacle(replace(library, options=(option,), sources=("a.c",)), registry) == ""
    assert why in obstacle(replace(library, **more), registry)  # type: ignore[arg-type]


def test_headers_of_plugins_replace_none(plugins: Registry, built: Callable[..., Artifact]) -> None:
    """A folder of a plug-in is looked at when all others have been."""
    made = built(NATIVE.format(divisor=1, count=1), artifact=GATED)
    folders = list(made.sources.include)
    own = PLUGINS / "native" / "c"
    assert folders.index(own) == len(folders) - 1
    assert len(folders) > 3


def test_what_comes_with_tblvm_is_trusted(registry: Registry, plugins: Registry) -> None:
    assert not registry.foreign or all(
        not each.own for each in registry.plugins if each.name in registry.foreign.values()
    )
    assert {"native", "hostile", "plain-gate"} <= set(plugins.foreign)
    assert not {"core", "memory.linear", "isolation.guest"} & set(plugins.foreign)
    assert plugins.foreign["native"] == "native"


def test_the_command_line_has_trust(tmp_path: Path) -> None:
    words = ["--artifact", "guest", "-p", str(LEDGER), "--features", "ledger.gas"]
    words += ["--no-cache", "-o", str(tmp_path / "guest")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 4 and "--trust ledger.gas trusts it" in done.stderr
    done = CliRunner().invoke(main, [*words, "--trust", "ledger.gass"])
    assert done.exit_code == 2 and "did you mean ledger.gas?" in done.stderr
