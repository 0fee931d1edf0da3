"""tblvm: assemble, disassemble, verify, list and show."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tblvm.builder.cache import Cache
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.registry import Registry, load
from tblvm.isolation import levels
from tblvm.opcodes import Isa
from tblvm.stack import verify
from tblvm.tools.cli import main

Invoke = Callable[..., Result]

SOURCE = """\
.global kept: cells
.func make(count: i32) -> cells
    LOAD count
    NEW 0
    RET
.end
.func main()
    LOADG kept
    PUSH 3
    CALL make
    STOREG kept
    POP
    HALT
.end
"""


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prog.tba").write_text(SOURCE)
    (tmp_path / "wrong.tba").write_text(".func main()\n    PUHS 1\n    HALT\n.end\n")
    (tmp_path / "under.tba").write_text(".func main()\n    POP\n    HALT\n.end\n")
    (tmp_path / "bad.tbc").write_bytes(b"TBCO" + bytes(50))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return run


# --- asm, dis -----------------------------------------------------------------------------------------


def test_asm_writes_a_verified_module(invoke: Invoke, isa: Isa) -> None:
    done = invoke("asm", "prog.tba")
    assert (done.exit_code, done.output) == (0, "")
    module = verify(assemble(SOURCE, isa, "prog.tba"), isa).module
    assert Path("prog.tbc").read_bytes() == tbc.write(module)
    assert [function.max_stack for function in tbc.read(Path("prog.tbc").read_bytes()).functions] == [1, 2]


def test_asm_reads_assembly_whatever_the_file_is_called(invoke: Invoke) -> None:
    Path("text").write_text(SOURCE)
    assert invoke("asm", "text", "-o", "out.tbc").exit_code == 0
    assert Path("out.tbc").read_bytes()[:4] == b"TBCO"


def test_dis_gives_text_that_assembles_to_the_same_file(invoke: Invoke) -> None:
    invoke("asm", "prog.tba")
    done = invoke("dis", "prog.tbc")
    assert done.exit_code == 0
    Path("again.tba").write_text(done.stdout)
    assert invoke("asm", "again.tba").exit_code == 0
    assert Path("again.tbc").read_bytes() == Path("prog.tbc").read_bytes()
    assert invoke("dis", "prog.tbc", "-o", "kept.tba").output == ""
    assert Path("kept.tba").read_text() == done.stdout


def test_dis_takes_any_program_and_shows_a_listing(invoke: Invoke) -> None:
    done = invoke("dis", "--listing", "prog.tba")
    assert done.exit_code == 0
    assert "000000  05 00" in done.stdout and "LOAD count" in done.stdout


# --- verify -------------------------------------------------------------------------------------------


def test_verify_says_that_it_is_valid_on_standard_error(invoke: Invoke) -> None:
    done = invoke("verify", "prog.tba")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "prog.tba: valid: 2 functions, 9 instructions\n"


def test_verify_tells_scripts_what_it_found_out(invoke: Invoke) -> None:
    done = invoke("verify", "--json", "prog.tba")
    assert done.stderr == ""
    data = json.loads(done.stdout)
    assert data["entry"] == "main" and data["pages"] == ["core"]
    make, main_ = data["functions"]
    assert (make["name"], make["max_stack"], make["safepoints"], make["maps"]) == ("make", 1, [2], {})
    # LOADG is at 0, PUSH at 2, CALL at 4: below its argument there is one reference.
    assert (main_["max_stack"], main_["safepoints"], main_["maps"]) == (2, [4], {"4": [0]})


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["verify", "under.tba"], 5, "tblvm: function main, offset 0, line 2: "),
        (["verify", "bad.tbc"], 5, "tblvm: module: "),
        (["asm", "under.tba"], 5, "tblvm: function main, offset 0, line 2: "),
        (["asm", "wrong.tba"], 1, "tblvm: wrong.tba:2:5: "),
        (["dis", "bad.tbc"], 5, "tblvm: module: "),
        (["asm", "bad.tbc"], 1, "tblvm: bad.tbc:1:"),
        (["asm", "gone.tba"], 2, "tblvm: cannot read gone.tba: No such file or directory"),
        (["asm", "prog.tba", "-o", "gone/x"], 2, "tblvm: cannot write gone/x: No such file or directory"),
        (["ops", "ADDD"], 2, "tblvm: no opcode is called ADDD; did you mean ADD?"),
        (["show", "c", "ADDD"], 2, "tblvm: no opcode is called ADDD; did you mean ADD?"),
        (["show", "ir", "nothing.ADD"], 2, "tblvm: no opcode is called nothing.ADD"),
        (
            ["show", "c", "ADD", "--engine", "swich"],
            2,
            "tblvm: no engine is called swich; did you mean switch?",
        ),
        (["plugins", "-p", "gone.py"], 2, "tblvm: there is no plug-in at gone.py"),
    ],
)
def test_errors_are_one_message_and_a_status(
    invoke: Invoke, arguments: list[str], status: int, message: str
) -> None:
    before = sorted(Path().iterdir())
    done = invoke(*arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert sorted(Path().iterdir()) == before


def test_debug_raises_the_error_itself(invoke: Invoke) -> None:
    done = invoke("verify", "--debug", "bad.tbc")
    assert type(done.exception).__name__ == "ModuleError"


# --- ops, show ----------------------------------------------------------------------------------------


def test_ops_lists_every_opcode_with_every_signature(invoke: Invoke, isa: Isa) -> None:
    done = invoke("ops")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + sum(len(opcode.declarations) for opcode in isa)
    line = next(line for line in lines if " ADD " in line)
    columns = [
        "core",
        "10",
        "ADD",
        "(a: i32, b: i32) -> i32",
        "core",
        "Sum of the two top cells, wrapping at 32 bits.",
    ]
    assert re.split("  +", line) == columns


def test_ops_for_scripts(invoke: Invoke, isa: Isa) -> None:
    data = json.loads(invoke("ops", "--json").stdout)
    assert [(each["page"], each["code"], each["name"]) for each in data] == [
        (opcode.page.name, opcode.code, opcode.name) for opcode in isa
    ]
    one = json.loads(invoke("ops", "new", "--json").stdout)
    assert [function["when"] for function in one["functions"]] == [{"size": 0}, {}]
    assert [len(function["forms"]) for function in one["functions"]] == [1, 1]
    c = [each["text"] for each in one["c"]]
    assert [each["engine"] for each in one["c"]] == ["switch", "switch", "threaded", "threaded"]
    assert len(set(c)) == 4 and all("tb_heap_allocate" in text for text in c)
    assert data[[each["label"] for each in data].index("NEW")] == one


def test_ops_tells_everything_about_one(invoke: Invoke) -> None:
    text = invoke("ops", "object.GETFIELD").stdout
    assert "object.GETFIELD, opcode 01 of page object" in text
    assert "<kind:class> <which:field> (object_: C) -> F    [object]" in text
    assert "The value of a field. Traps NULL_REFERENCE." in text
    assert "goto trap_NULL_REFERENCE" in text
    assert "op IR of object.GETFIELD(C=any,F=f32):" in text  # it depends on the field's type
    assert "op IR:\n    v0 = parameter.i32 [0]" in invoke("ops", "add").stdout
    assert "equation:\n    result = a + b  (mod 2^32)\n" in invoke("ops", "add").stdout
    assert "  trap DIVIDE_BY_ZERO: integer divide by zero\n" in invoke("ops", "div").stdout
    assert "  service free (tb_freelist_free of memory.freelist)\n" in invoke("ops", "free").stdout
    assert "op IR of DUP(T=i32), and alike of DUP(T=f32), DUP(T=any):" in invoke("ops", "dup").stdout


def test_show_ir_binds_type_variables(invoke: Invoke) -> None:
    done = invoke("show", "ir", "LOAD")
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.endswith(":")] == [
        "LOAD(T=i32):",
        "LOAD(T=f32):",
        "LOAD(T=any):",
    ]


def test_show_c_prints_one_handler_for_forms_that_only_move(invoke: Invoke) -> None:
    assert invoke("show", "c", "STORE").stdout == (
        "/* engine switch: STORE(T=any), STORE(T=f32), STORE(T=i32) */\n"
        "cell v0 = sp[-1];\n"
        "fp[imm] = v0;\n"
        "sp -= 1;\n"
    )


# --- plug-ins -----------------------------------------------------------------------------------------


def test_plugins_are_listed_with_what_they_add(invoke: Invoke, registry: Registry) -> None:
    data = {each["name"]: each for each in json.loads(invoke("plugins", "--json").stdout)}
    assert data["gc"]["adds"]["micro libraries"] == ["gc-walk", "gc.marksweep"]
    assert data["core"]["origin"].startswith("tblvm ")
    assert {name for each in data.values() for name in each["adds"].get("micro libraries", [])} == set(
        registry.libraries
    )
    text = invoke("plugins").stdout
    assert "gc (tblvm " in text and "micro libraries: gc-walk, gc.marksweep" in text


def test_a_loose_plugin_stands_in_every_list(invoke: Invoke) -> None:
    Path("extra.py").write_text(
        "from tblvm.core.hookspecs import hookimpl\n"
        "from tblvm.opcodes import OpcodeSet, Page, i32\n"
        "op = OpcodeSet(Page('extra'), library='extra')\n"
        "@op(0x00, 'TRIPLE')\n"
        "def triple(a: i32) -> i32:\n"
        "    '''Three times the value.'''\n"
        "    return a + a + a\n"
        "@hookimpl\n"
        "def tblvm_opcodes():\n"
        "    return [op]\n"
    )
    assert "extra (extra.py)\n  opcodes: extra.TRIPLE" in invoke("plugins", "-p", "extra.py").stdout
    assert "│ prefix │   00   │" in invoke("ops", "TRIPLE", "-p", "extra.py").stdout
    assert "Three times the value." in invoke("ops", "-p", "extra.py").stdout
    assert "add.i32" in invoke("show", "ir", "extra.TRIPLE", "-p", "extra.py").stdout


# --- as processes -------------------------------------------------------------------------------------


def test_the_module_and_the_script_are_the_same_command(invoke: Invoke) -> None:
    script = Path(sys.executable).with_name("tblvm")
    for command in ([script], [sys.executable, "-m", "tblvm"]):
        done = subprocess.run([*command, "verify", "bad.tbc"], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (5, "")
        assert done.stderr.startswith("tblvm: module: ") and done.stderr.count("\n") == 1
        done = subprocess.run(
            [*command, "--help"], capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"}
        )
        assert done.returncode == 0 and "Usage: tblvm" in done.stdout and "Exit status:" in done.stdout


@pytest.mark.parametrize(
    "command",
    [[], ["asm"], ["dis"], ["verify"], ["ops"], ["show"], ["show", "c"], ["show", "ir"], ["plugins"]],
)
def test_every_command_has_help_with_exit_statuses(invoke: Invoke, command: list[str]) -> None:
    done = invoke(*command, "--help")
    assert done.exit_code == 0
    assert "Exit status:" in done.stdout
    if command not in ([], ["show"]):
        assert "--plugin" in done.stdout and "--debug" in done.stdout


def test_loading_twice_gives_equal_lists() -> None:
    assert [each.name for each in load().plugins] == [each.name for each in load().plugins]


# --- cache --------------------------------------------------------------------------------------------


def test_cache(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke("cache").stdout == "nothing is kept: TBLVM_CACHE_SIZE is 0\n"
    monkeypatch.setenv("TBLVM_CACHE_SIZE", "1M")
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache" / "ab").mkdir(parents=True)
    (tmp_path / "cache" / "ab" / "abcd").write_bytes(bytes(1000))
    assert invoke("cache").stdout == f"{tmp_path / 'cache'}: 1 entries, 1,000 of at most 1,048,576 bytes\n"
    assert json.loads(invoke("cache", "--clear", "--json").stdout)["removed"] == 1
    assert not (tmp_path / "cache" / "ab" / "abcd").exists()
    monkeypatch.setenv("TBLVM_CACHE_SIZE", "-1")
    done = invoke("cache")
    assert done.exit_code == 2 and "TBLVM_CACHE_SIZE" in done.stderr


# --- run ----------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.delenv("TBLVM_CACHE_SIZE")
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(folder))
    return folder


def builds(kept: Path) -> int:
    """How many builds there are among what is kept."""
    return sum(Cache(kept).get(each.name) is not None for each in kept.glob("*/*"))


def tblvm(*words: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tblvm", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=100, check=False)


def test_run(invoke: Invoke, kept: Path, tmp_path: Path) -> None:
    """The runtime is built once, whatever the program; its input, output and status are the program's."""
    (tmp_path / "adds.tba").write_text(
        ".func main() -> i32\n  READ\n  READ\n  ADD\n  DUP\n  PRINT\n  RET\n.end\n"
    )
    (tmp_path / "tells.tba").write_text('.func main()\n  CONST "ä"\n  PRINT\n  NEW 3\n  POP\n  HALT\n.end\n')
    done = tblvm("run", "adds.tba", stdin=b"30 12")
    assert (done.stdout, done.returncode, done.stderr) == (b"42", 42, b"")
    assert tblvm("run", "tells.tba").stdout == "ä".encode()
    assert builds(kept) == 1
    assert invoke("asm", "tells.tba", "-o", "tells.tbc").exit_code == 0
    assert tblvm("run", "tells.tbc").stdout == "ä".encode()


def test_run_has_limits_and_reports_traps(invoke: Invoke, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "spins.tba").write_text(".func main()\nagain:\n  JMP again\n.end\n")
    done = tblvm("run", "--fuel", "1000", "spins.tba")
    assert done.returncode == 134 and b"out of fuel\n  at main (spins.tba:3)" in done.stderr
    (tmp_path / "frees.tba").write_text(
        ".heap 4K\n.func main()\n  NEW 3\n  FREE\n  PUSH 7\n  PRINT\n  HALT\n.end\n"
    )
    assert tblvm("run", "frees.tba").stdout == b"7"
    assert builds(kept) == 2


def test_run_takes_pages_of_plug_ins(invoke: Invoke, kept: Path, tmp_path: Path) -> None:
    plugin = Path(__file__).parents[1] / "outside" / "gcd_op.py"
    (tmp_path / "adds.tba").write_text(
        ".func main()\n  PUSH 6\n  PUSH 7\n  PUSH -2\n  MULADD\n  PRINT\n  CONST 1.5\n  DPRINT\n  HALT\n.end\n"
    )
    assert tblvm("run", "-p", plugin, "adds.tba").stdout == b"401.5"


def test_run_calls_an_export(invoke: Invoke, kept: Path, tmp_path: Path) -> None:
    """What stands behind FILE belongs to the call, or to the program: options, too."""
    (tmp_path / "adds.tba").write_text(
        ".export add\n.func main()\n  RET\n.end\n.func add(a: i32, b: i32) -> i32\n  LOAD a\n  LOAD b\n  ADD\n"
        "  RET\n.end\n"
    )
    for words in (("adds.tba", "--invoke", "add"), ("--invoke", "add", "adds.tba")):
        done = tblvm("run", *words, 40, -2)
        assert (done.stdout, done.stderr, done.returncode) == (b"38\n", b"", 0)
    assert tblvm("run", "adds.tba", "--invoke", "add", 1, 2).stdout == b"3\n"
    for words, said in (
        (("--invoke",), b"name an export"),
        (("--invoke", "ad"), b"did you mean add?"),
        (("--invoke", "add", "1"), b"takes 2 arguments"),
        ((), b"does nothing by itself"),
    ):
        done = tblvm("run", "adds.tba", *words)
        assert done.returncode == 2 and said in done.stderr and b"Traceback" not in done.stderr


def test_run_refuses_what_is_no_program(invoke: Invoke) -> None:
    assert (invoke("run", "wrong.tba").exit_code, invoke("run", "under.tba").exit_code) == (1, 5)
    assert invoke("run", "bad.tbc").exit_code == 5 and invoke("run", "nowhere").exit_code == 2
    done = invoke("run", "--fuel", "much", "prog.tba")
    assert done.exit_code == 2 and "fuel: 'much' is no number" in done.stderr


# --- doctor -------------------------------------------------------------------------------------------


def test_doctor(invoke: Invoke, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = invoke("doctor")
    assert done.exit_code == 0
    assert "ok       compiler: zig 0.17.0\n" in done.stdout
    assert re.search(r"^ok +programs for x86_64-linux: ", done.stdout, re.M)
    found = json.loads(invoke("doctor", "--json").stdout)
    assert {"what", "there", "needed", "note"} == set(found[0])
    said = {each["what"]: each for each in found}
    assert not any(said[f"isolation {level}"]["needed"] for level in levels.LEVELS if level != "auto")
    assert said["isolation none"]["there"] and "not against" in said["isolation mpk"]["note"]
    monkeypatch.setenv("PATH", "")
    assert "install qemu-riscv64-static" in invoke("doctor").stdout
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(Path("prog.tba").resolve() / "cache"))
    assert "TBLVM_CACHE_DIR names another" in invoke("doctor").stdout


def test_doctor_without_a_compiler(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "zig").write_text("no program")
    monkeypatch.setattr("tblvm.builder.toolchain.zig", lambda: tmp_path / "zig")
    done = invoke("doctor")
    assert done.exit_code == 6
    assert "MISSING  compiler: it does not run" in done.stdout and "compiler: what is above" in done.stderr
