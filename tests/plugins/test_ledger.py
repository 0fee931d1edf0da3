"""The plug-in ledger: published vectors and hashlib, snapshots of the state, native code under sanitizers.

Native runs are under a collector that moves every object at every allocation: what does not read a reference again
behind one is found out.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main as tbbuild
from tblvm.core.errors import SourceError
from tblvm.core.registry import Registry, load
from tblvm.testing import check
from tblvm.tools.cli import main as tblvm
from tests.harness import Job, assembled, compiled, differences, reference
from tests.programs import expected

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "plugins" / "ledger"
LEDGER = FOLDER / "tblvm_ledger"
FIXEDPOINT = ROOT / "plugins" / "fixedpoint" / "tblvm_fixedpoint.py"
SEMISPACE = ROOT / "tests" / "outside" / "semispace"
SEED = int(os.environ.get("TBLVM_TEST_SEED", "6962"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))

SHOW = """\
.type u8[]
.func show(a: u8[])
  .local at: i32
  LOAD a
  JNONNULL next
  CONST "null\\n"
  PRINT
  RET
next:
  LOAD at
  LOAD a
  ALENGTH
  JLT more
  CONST "\\n"
  PRINT
  RET
more:
  LOAD a
  LOAD at
  ALOAD
  PRINT
  CONST " "
  PRINT
  LOAD at
  INC
  STORE at
  JMP next
.end
"""


@pytest.fixture(scope="module")
def plugin() -> Registry:
    return load([LEDGER])


def array(content: bytes) -> str:
    """Instructions that push an array."""
    lines = [f"PUSH {len(content)}", "NEWARRAY u8[]"]
    for at, octet in enumerate(content):
        lines += ["DUP", f"PUSH {at}", f"PUSH {octet}", "ASTORE"]
    return "\n".join(lines) + "\n"


def program(*lines: str, locals_: str = "") -> str:
    return SHOW + f".func main()\n{locals_}" + "\n".join(lines) + "\nHALT\n.end\n"


def shown(*arrays: bytes | None) -> bytes:
    """What `show` prints."""
    return b"".join(
        b"null\n" if each is None else b"".join(b"%d " % octet for octet in each) + b"\n" for each in arrays
    )


def outputs(texts: Sequence[str], reg: Registry) -> list[tuple[str, bytes]]:
    """Trap and output of each program, natively under sanitizers and in the reference, which must agree."""
    harness = compiled("gc.semispace", plugins=(SEMISPACE, LEDGER), sanitize=True)
    jobs = [Job(assembled(text, harness.reg), heap=1 << 19, stress=True) for text in texts]
    runs = harness.run(jobs)
    for text, job, run in zip(texts, jobs, runs, strict=True):
        found = differences(job, run, reg=harness.reg)
        assert not found, f"{found}\n{text}"
    return [(run.trap, run.output) for run in runs]


# --- hashes ---------------------------------------------------------------------------------------------

# FIPS 180-4's examples, as NIST publishes them, and the hash of nothing.
FIPS = {
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
}
# RFC 6962's tree on the leaves with which implementations of Certificate Transparency are tested: the roots of
# the first 0, 1, 2, … of them.
LEAVES = [
    *(b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"),
    *(bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))),
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_hashes_are_the_published_ones(plugin: Registry) -> None:
    text = program(*(f"{array(message)}HASH_BLOCK\nCALL show" for message in FIPS))
    assert outputs([text], plugin) == [("", shown(*map(bytes.fromhex, FIPS.values())))]


def test_hashes_of_every_length(plugin: Registry) -> None:
    """Of 0 to 200 bytes, in a loop; and of a million."""
    text = """\
.func fill(length: i32) -> u8[]
  .local a: u8[], at: i32
  LOAD length
  NEWARRAY u8[]
  STORE a
next:
  LOAD at
  LOAD length
  JLT more
  LOAD a
  RET
more:
  LOAD a
  LOAD at
  LOAD at
  PUSH 7
  MUL
  ASTORE
  LOAD at
  INC
  STORE at
  JMP next
.end
"""
    loop = "next:\nLOAD n\nCALL fill\nHASH_BLOCK\nCALL show\nLOAD n\nINC\nDUP\nSTORE n\nCONST 200\nJLT next"
    [(trap, output)] = outputs([text + program(loop, locals_=".local n: i32\n")], plugin)
    content = bytes(7 * at & 0xFF for at in range(200))
    assert (trap, output) == (
        "",
        shown(*(hashlib.sha256(content[:length]).digest() for length in range(200))),
    )


K = [int(hex_, 16) for hex_ in re.findall(r"0x([0-9a-f]{8})", (LEDGER / "c" / "sha256.c").read_text())][8:]


def test_steps_in_op_ir_make_the_same_hash(plugin: Registry) -> None:
    """The compression function as a straight line of HASH_SCHEDULE and HASH_ROUND: the hash of the service."""
    names = [f"w{t}" for t in range(64)]
    lines = [f"LOAD words\nPUSH 0\nLOADM {t}\nSTORE w{t}" for t in range(16)]
    for t in range(16, 64):
        given = "\n".join(f"LOAD w{t - back}" for back in (16, 15, 7, 2))
        lines.append(f"{given}\nHASH_SCHEDULE\nSTORE w{t}")
    lines += [f"LOAD state\nPUSH 0\nLOADM {i}" for i in range(8)]
    for t, k in enumerate(K):
        lines.append(f"LOAD w{t}\nCONST {k - (k >> 31 << 32)}\nADD\nHASH_ROUND")
    for i in reversed(range(8)):
        lines.append(f"STORE w0\nLOAD state\nPUSH 0\nLOAD state\nPUSH 0\nLOADM {i}\nLOAD w0\nADD\nSTOREM {i}")
    compress = f".func compress(state: cells, words: cells)\n.local {', '.join(f'{n}: i32' for n in names)}\n"
    compress += "\n".join([*lines, "RET\n.end\n"])
    first = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]

    def cells(values: Iterable[int], at: str) -> Iterator[str]:
        for i, value in enumerate(values):
            yield f"LOAD {at}\nPUSH 0\nCONST {value - (value >> 31 << 32)}\nSTOREM {i}"

    main, messages = ["NEW 8\nSTORE state\nNEW 16\nSTORE words"], [b"", b"abc", bytes(range(55, 175))]
    for message in messages:
        padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (8 * len(message)).to_bytes(8, "big")
        main += cells(first, "state")
        for block in range(0, len(padded), 64):
            words = (int.from_bytes(padded[at : at + 4], "big") for at in range(block, block + 64, 4))
            main += [*cells(words, "words"), "LOAD state\nLOAD words\nCALL compress"]
        main += [f"LOAD state\nPUSH 0\nLOADM {i}\nPRINT\nPUSH 32\nPUTCHAR" for i in range(8)]
        main.append(f"{array(message)}HASH_BLOCK\nCALL show")
    text = compress + program(*main, locals_=".local state: cells, words: cells\n")
    wanted = b""
    for message in messages:
        digest = hashlib.sha256(message).digest()
        for at in range(0, 32, 4):
            wanted += b"%d " % int.from_bytes(digest[at : at + 4], "big", signed=True)
        wanted += shown(digest)
    assert outputs([text], plugin) == [("", wanted)]


def tree(leaves: Sequence[bytes], ends: Sequence[int] | None = None) -> str:
    """Pushes the root of a tree."""
    total = [sum(map(len, leaves[: n + 1])) for n in range(len(leaves))]
    lines = [array(b"".join(leaves)), f"PUSH {len(leaves)}\nNEW 0"]
    for at, end in enumerate(total if ends is None else ends):
        lines.append(f"DUP\nPUSH {at}\nCONST {end}\nSTOREM 0")
    return "\n".join([*lines, "MERKLE_ROOT"])


def root(hashes: list[bytes]) -> bytes:
    """Level by level, an odd one moves up as it is: the same tree as the RFC's recursion, otherwise."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        odd = hashes[len(hashes) & ~1 :]
        hashes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in pairs] + odd
    return hashes[0]


def test_roots_of_trees_are_the_published_ones(plugin: Registry) -> None:
    text = program(*(f"{tree(LEAVES[:n])}\nCALL show" for n in range(9)))
    assert outputs([text], plugin) == [("", shown(*map(bytes.fromhex, ROOTS)))]


def test_roots_of_larger_trees(plugin: Registry) -> None:
    rng = random.Random(SEED)
    lines, wanted = [], []
    for count in (9, 13, 16, 31, 33):
        leaves = [rng.randbytes(rng.randrange(4)) for _ in range(count)]
        lines.append(f"{tree(leaves)}\nCALL show")
        wanted.append(root([hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]))
    assert outputs([program(*lines)], plugin) == [("", shown(*wanted))]


# --- state ----------------------------------------------------------------------------------------------


def actions(rng: random.Random) -> tuple[list[str], list[bytes | None]]:
    """A random program on the state, and what it shows, by snapshots of dictionaries."""
    now: dict[bytes, bytes] = {}
    open_: list[dict[bytes, bytes]] = []
    lines: list[str] = []
    wanted: list[bytes | None] = []
    keys = [rng.randbytes(rng.choice((0, 1, 2, 32))) for _ in range(6)]
    journaled = 0
    head = bytes(32)
    for _ in range(60):
        choice = rng.random()
        key = rng.choice(keys)
        if choice < 0.45 and (not open_ or journaled < 60):
            value = rng.randbytes(rng.choice((0, 1, 3, 32))) if rng.random() < 0.7 else None
            lines.append(array(key) + ("NULL u8[]\n" if value is None else array(value)) + "STATE_WRITE")
            journaled += 1
            now.pop(key, None)
            if value is not None:
                now[key] = value
        elif choice < 0.6 and len(open_) < 8:
            open_.append(dict(now))
            lines.append("TX_BEGIN")
        elif choice < 0.7 and open_:
            open_.pop()
            lines.append("TX_COMMIT")
        elif choice < 0.8 and open_:
            now = open_.pop()
            lines.append("TX_REVERT")
        elif choice < 0.85 and not open_:
            block = rng.randbytes(rng.randrange(70))
            head = hashlib.sha256(head + block).digest()
            lines.append(f"{array(block)}LEDGER_APPEND\nCALL show")
            wanted.append(head)
        else:
            lines.append(f"{array(key)}STATE_READ\nCALL show")
            wanted.append(now.get(key))
        journaled = journaled if open_ else 0
    for key in keys:
        lines.append(f"{array(key)}STATE_READ\nCALL show")
        wanted.append(now.get(key))
    return lines, wanted


def test_transactions_are_snapshots_of_the_state(plugin: Registry) -> None:
    made = [actions(random.Random(f"{SEED} state {number}")) for number in range(25 * SCALE)]
    found = outputs([program(*lines) for lines, _ in made], plugin)
    for number, ((lines, wanted), run) in enumerate(zip(made, found, strict=True)):
        assert run == ("", shown(*wanted)), f"seed {SEED}, program {number}\n" + program(*lines)


KEY = f"PUSH {2}\nNEWARRAY u8[]\nDUP\nPUSH 0\nLOAD n\nASTORE\n"
COUNT = ".local n: i32\n"
TRAPS: dict[str, tuple[str, bytes]] = {
    "NULL_REFERENCE": ("NULL u8[]\nHASH_BLOCK\nPOP", b""),
    "BAD_INDEX": (tree([b"ab", b"cd"], [3, 2]) + "\nPOP", b""),
    "LEDGER_KEY_SIZE": (array(bytes(33)) + "STATE_READ\nPOP", b""),
    "LEDGER_VALUE_SIZE": (array(b"k") + array(bytes(33)) + "STATE_WRITE", b""),
    # Keys that go make room: 64 are there at a time.
    "LEDGER_STATE_FULL": (
        f"{array(b'gone')}{array(b'')}STATE_WRITE\n{array(b'gone')}NULL u8[]\nSTATE_WRITE\n"
        f"next:\nLOAD n\nPRINT\n{KEY}{array(b'v')}STATE_WRITE\nLOAD n\nINC\nSTORE n\nPUSH 1\nJNZ next",
        "".join(map(str, range(65))).encode(),
    ),
    "LEDGER_JOURNAL_FULL": (
        f"TX_BEGIN\nTX_BEGIN\nnext:\nLOAD n\nPRINT\n{array(b'k')}{array(b'v')}STATE_WRITE\nLOAD n\nINC\nSTORE n\n"
        "PUSH 1\nJNZ next",
        "".join(map(str, range(65))).encode(),
    ),
    "LEDGER_TOO_DEEP": (
        "next:\nLOAD n\nPRINT\nTX_BEGIN\nLOAD n\nINC\nSTORE n\nPUSH 1\nJNZ next",
        b"012345678",
    ),
    "LEDGER_NO_TRANSACTION": ("TX_BEGIN\nTX_REVERT\nTX_COMMIT", b""),
    "LEDGER_OPEN_TRANSACTION": (f"TX_BEGIN\n{array(b'')}LEDGER_APPEND\nPOP", b""),
    "LEDGER_OUT_OF_GAS": (
        "CONST 9999999\nGAS_CHARGE\nPUSH 1\nGAS_CHARGE\nPUSH 7\nPRINT\nPUSH 1\nGAS_CHARGE",
        b"7",
    ),
}


def test_limits_are_traps(plugin: Registry) -> None:
    texts = [program(body, locals_=COUNT) for body, _ in TRAPS.values()]
    assert outputs(texts, plugin) == [(name, output) for name, (_, output) in TRAPS.items()]


# --- as people use it -----------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Builds and runs a program; what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path / "cache"))

    def build(text: str, *words: str, status: int = 0) -> str:
        (tmp_path / "prog.tba").write_text(text)
        done = CliRunner().invoke(tbbuild, ["-q", "prog.tba", "-p", str(LEDGER), *words])
        assert done.exit_code == 0, done.output
        ran = subprocess.run([tmp_path / "prog"], capture_output=True, text=True, check=False)
        assert ran.returncode == status, ran.stderr
        return ran.stdout + ran.stderr

    return build


def test_the_example(plugin: Registry) -> None:
    text = (FOLDER / "example.tba").read_text()
    _, outcome, output = reference(Job(assembled(text, plugin)), plugin)
    assert (outcome.trap, output) == (None, expected(text).output)
    assert outputs([text], plugin) == [("", expected(text).output)]


def test_limits_are_options(run: Callable[..., str]) -> None:
    said = run(program("PUSH 5\nGAS_CHARGE\nPUSH 1\nGAS_CHARGE"), "-O", "ledger.gas=5", status=134)
    assert said.startswith("tblvm: trap: out of gas\n")
    text = program(f"{array(b'four')}{array(bytes(5))}STATE_WRITE\n{array(b'four')}STATE_READ\nCALL show")
    limits = ("-O", "ledger.key=4", "-O", "ledger.value=5", "-O", "ledger.entries=1")
    assert run(text, *limits) == "0 0 0 0 0 \n"
    assert "too long" in run(text.replace("PUSH 4\n", "PUSH 5\n", 1), *limits, status=134)


def test_programs_share_nothing(run: Callable[..., str], tmp_path: Path) -> None:
    """A program that another one runs has its own state, gas and chain."""
    body = (
        f"{array(b'k')}STATE_READ\nCALL show\n{array(b'k')}{array(b'%')}STATE_WRITE\n"
        f"{array(b'k')}STATE_READ\nCALL show\n{array(b'b')}LEDGER_APPEND\nCALL show\nCONST 6000000\nGAS_CHARGE\n"
    )
    (tmp_path / "inner.tba").write_text(program(body.replace("PUSH 37", "PUSH 2")))
    call = 'CONST "inner"\nSCRIPT_EXEC\nPRINT\n'
    outer = body.replace("PUSH 37", "PUSH 1") + call + call + f"{array(b'k')}STATE_READ\nCALL show"
    inner_shows = [None, b"\2", hashlib.sha256(bytes(32) + b"b").digest()]
    wanted = shown(None, b"\1", inner_shows[2]) + 2 * (shown(*inner_shows) + b"0") + shown(b"\1")
    assert run(program(outer), "--bundle", "inner=inner.tba").encode() == wanted


def test_two_plug_ins_with_the_same_numbers_work_in_one_program(
    run: Callable[..., str], plugin: Registry, tmp_path: Path
) -> None:
    """FXMUL and STATE_READ are number 8 of their pages, FXDIV and STATE_WRITE 9; neither page asks for a prefix:
    each file gives them one."""
    both = load([LEDGER, FIXEDPOINT])
    numbers = {name: both.isa.find(name).code for name in ("FXMUL", "FXDIV", "STATE_READ", "STATE_WRITE")}
    assert numbers == {"FXMUL": 8, "STATE_READ": 8, "FXDIV": 9, "STATE_WRITE": 9}
    text = program(
        f"CONST 163840\nDUP\nFXMUL\nPUSH 10\nFXFROM\nFXDIV\nPRINT\n{array(b'k')}{array(b'v')}STATE_WRITE\n"
        f"{array(b'k')}STATE_READ\nCALL show"
    )
    wanted = str(163840 * 163840 // 65536 * 65536 // 655360) + "118 \n"
    assert run(text, "-p", str(FIXEDPOINT)) == wanted
    module = assembled(text, both).module
    prefixes = {each.name: each.prefix for each in module.pages}
    assert len({prefixes["ledger"], prefixes["fixedpoint"]} & set(range(0xE0, 0xFF))) == 2
    _, outcome, output = reference(Job(assembled(text, both)), both)
    assert (outcome.trap, output.decode()) == (None, wanted)
    # They may ask for prefixes, not both for the same one.
    asked = assembled(".page ledger 0xF0\n.page fixedpoint 0xF1\n" + text, both).module
    assert {each.name: each.prefix for each in asked.pages if each.name in prefixes} == {
        **prefixes,
        "ledger": 0xF0,
        "fixedpoint": 0xF1,
    }
    with pytest.raises(SourceError, match="0xf0"):
        assembled(".page ledger 0xF0\n.page fixedpoint 0xF0\n" + text, both)
    # As a file, on the runtime that has all pages.
    words = ["-p", str(LEDGER), "-p", str(FIXEDPOINT)]
    for command in (["asm", "prog.tba", *words], ["verify", "prog.tbc", *words]):
        assert CliRunner().invoke(tblvm, command).exit_code == 0
    done = subprocess.run(
        [sys.executable, "-m", "tblvm", "run", *words, "prog.tbc"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == (wanted, 0), done.stderr


@pytest.mark.parametrize(
    ("name", "vectors"),
    [
        *(("HASH_ROUND", 40), ("HASH_SCHEDULE", 40), ("HASH_BLOCK", 12), ("MERKLE_ROOT", 20)),
        *(("STATE_READ", 8), ("STATE_WRITE", 12), ("TX_BEGIN", 12), ("TX_COMMIT", 1), ("TX_REVERT", 1)),
        *(("GAS_CHARGE", 12), ("LEDGER_APPEND", 8)),
    ],
)
def test_the_test_kit_finds_nothing(name: str, vectors: int) -> None:
    targets = None if name in ("HASH_BLOCK", "HASH_ROUND") else ["x86_64-linux"]
    assert check(name, plugins=[LEDGER], vectors=vectors, seed=SEED, targets=targets).vectors == vectors


def test_every_opcode_is_checked(plugin: Registry) -> None:
    marks = test_the_test_kit_finds_nothing.pytestmark  # type: ignore[attr-defined]
    assert {name for name, _ in marks[0].args[1]} == {
        each.name for each in plugin.isa.page("ledger").values()
    }


# --- signatures -----------------------------------------------------------------------------------------


def signatures_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("signatures", LEDGER / "signatures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def signatures() -> ModuleType:
    return signatures_module()


# RFC 8032, section 7.1: tests 1, 2 and 3: public key, message, signature.
ED25519 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize("vector", ED25519, ids=["nothing", "a byte", "two bytes"])
def test_signatures_of_the_rfc(vector: tuple[str, str, str], signatures: ModuleType) -> None:
    key, message, signature = map(bytes.fromhex, vector)
    verify = signatures.verify_signature
    assert verify(key, message, signature) == 1
    assert verify(key, message + b"x", signature) == 0
    for at in (0, 31, 32, 63):
        assert verify(key, message, signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]) == 0
    assert verify(key[:-1], message, signature) == verify(key, message, signature[:-1]) == 0
    assert verify(key, message, b"") == verify(b"", message, signature) == 0
    assert verify(b"\xff" * 32, message, signature) == 0
