"""The scanner: against a disassembler that is not ours, against itself in C, and where others are known to fail."""

from __future__ import annotations

import ctypes
import faulthandler
import itertools
import mmap
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tblvm.isolation import scan as scanner
from tblvm.isolation.scan import FORBIDDEN, scan
from tests.isolation.disassembler import decoded, missed
from tests.isolation.native_scanner import NativeScanner

# Nothing of it depends on the machine.
pytestmark = pytest.mark.outside

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
Scanned = list[tuple[int, str]]


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> NativeScanner:
    return NativeScanner(tmp_path_factory.mktemp("scanner"))


def found(code: bytes) -> Scanned:
    return [(hit.offset, hit.instruction.name) for hit in scan(code)]


PREFIXES = [bytes([each]) for each in b"\x66\x67\xf2\xf3\xf0\x2e\x36\x3e\x26\x64\x65"]
REX = [b"", *(bytes([each]) for each in range(0x40, 0x50))]
# What begins as the table's rows do, also with other ends.
CORES = st.one_of(
    st.tuples(st.just(b"\x0f\x01"), st.binary(min_size=1, max_size=1)).map(b"".join),
    st.tuples(st.sampled_from([b"\x0f\xae", b"\x0f\xc7"]), st.binary(min_size=1, max_size=6)).map(b"".join),
    st.sampled_from(
        [b"\x0f\x05", b"\x0f\x07", b"\x0f\x34", b"\x0f\x35", b"\xcd\x80", b"\xcd\x81", b"\xcd\x0f"]
    ),
    st.tuples(st.just(b"\xd5"), st.binary(min_size=1, max_size=3)).map(b"".join),
    st.sampled_from([b"\x0f", b"\xd5", b"\xcd", b"\x0f\x01", b"\x0f\xae", b"\xd5\x80"]),
    st.binary(max_size=8),
)
CODE = st.lists(
    st.tuples(st.lists(st.sampled_from(PREFIXES), max_size=3).map(b"".join), st.sampled_from(REX), CORES).map(
        b"".join
    ),
    max_size=6,
).map(b"".join)


@settings(max_examples=600 * SCALE)
@given(CODE)
@example(b"\x0f\x01\xef")
@example(b"\x0f\xae\x28\x0f\xae\x6c\x24\x40")
@example(b"\xf3\x66\x48\x0f\xae\xd0")
def test_whatever_a_disassembler_sees_is_found(code: bytes) -> None:
    assert missed(code, found(code)) == []


@settings(max_examples=2_000 * SCALE)
@given(CODE)
def test_c_and_python_find_the_same(native: NativeScanner, code: bytes) -> None:
    assert list(native.scan(code)) == found(code)


def test_random_bytes_hold_nothing_that_is_missed(native: NativeScanner) -> None:
    chance = random.Random(SEED)
    # Of bytes that lead somewhere there are more than of others.
    likely = b"\x0f\x0f\x0f\x01\xae\xc7\x05\x34\xcd\x80\xd5\xef\xf3\x48"
    for _ in range(40 * SCALE):
        code = bytes(
            chance.choice(likely) if chance.random() < 0.4 else chance.randrange(256) for _ in range(500)
        )
        hits = found(code)
        assert hits, f"TBLVM_TEST_SEED={SEED}"
        assert missed(code, hits) == [], f"TBLVM_TEST_SEED={SEED}"
        assert list(native.scan(code)) == hits, f"TBLVM_TEST_SEED={SEED}"


def test_every_hit_is_what_it_is_called() -> None:
    """Nothing is refused that is harmless: each opcode of the table, with each byte that its masks allow, is decoded
    as that instruction. Capstone knows no REX2."""
    for each in FORBIDDEN:
        for sequence in each.sequences:
            if sequence[0][1] == 0xD5:
                continue
            for opcode in itertools.product(*(members(masked) for masked in sequence)):
                code = bytes(opcode) + bytes(8)
                prefix = b"\xf3" if each.name.endswith("base") else b""
                seen = decoded(prefix + code, 0)
                if each.name in ("vmfunc", "enclu") and seen is None:
                    continue  # not in every version of Capstone
                assert seen and seen[0] == each.name, (each.name, code.hex())


def members(masked: scanner.Masked) -> list[int]:
    return [byte for byte in range(256) if byte & masked[0] == masked[1]]


def test_no_opcode_is_two_instructions_or_the_beginning_of_another() -> None:
    rows = [sequence for each in FORBIDDEN for sequence in each.sequences]
    for one, other in itertools.permutations(rows, 2):
        shared = list(zip(one, other, strict=False))
        assert not all(set(members(a)) & set(members(b)) for a, b in shared), (one, other)


def test_rex2_takes_the_place_of_the_escape() -> None:
    for each in FORBIDDEN:
        for sequence in each.sequences:
            if sequence[0][1] == 0x0F:
                tail = bytes(value for _, value in sequence[1:])
                for payload in (0x80, 0x88, 0xFF):
                    assert found(bytes([0xD5, payload]) + tail) == [(0, each.name)]
                assert found(bytes([0xD5, 0x7F]) + tail) == []


def test_fences_and_what_saves_are_no_restoring() -> None:
    for harmless in (
        "0faee8",
        "0faef0",
        "0faef8",
        "0fae20",
        "0fae10",
        "0fae18",
        "0fc708",
        "0fc7f0",
        "0f01ee",
        "0f0b",
    ):
        assert found(bytes.fromhex(harmless)) == []


# --- where published scanners fail ----------------------------------------------------------------------


@pytest.fixture(params=["python", "c"])
def both(request: pytest.FixtureRequest, native: NativeScanner) -> Callable[[bytes], Scanned]:
    return found if request.param == "python" else lambda code: list(native.scan(code))


def test_at_every_offset_of_a_page(both: Callable[[bytes], Scanned]) -> None:
    for opcode, name in (
        (b"\x0f\x01\xef", "wrpkru"),
        (b"\x0f\x05", "syscall"),
        (b"\xd5\x99\x01\xef", "wrpkru"),
    ):
        size = 67
        for at in range(size - len(opcode) + 1):
            assert both(opcode.rjust(at + len(opcode), b"\x90").ljust(size, b"\x90")) == [(at, name)]
        # One byte short of it, at the end.
        assert both(b"\x90" * size + opcode[:-1]) == []


def test_back_to_back_and_overlapping(both: Callable[[bytes], Scanned]) -> None:
    assert both(b"\x0f\x01\xef" * 3) == [(0, "wrpkru"), (3, "wrpkru"), (6, "wrpkru")]
    # The last byte of one is the first of the other; and one that is in the other's payload.
    assert both(b"\xd5\xcd\x80\x90") == [(1, "int 0x80")]
    assert both(b"\xd5\x8f\x05") == [(0, "syscall")]
    assert both(b"\x0f\x0f\x01\x0f\x01\xef\xef") == [(3, "wrpkru")]
    assert both(b"\xd5\xcd\x05\xcd\x80") == [(0, "syscall"), (3, "int 0x80")]
    assert both(b"") == []


def test_split_over_instructions(both: Callable[[bytes], Scanned]) -> None:
    # and eax, 15; add eax, 0x12345: an immediate's last byte and the next opcode.
    assert both(bytes.fromhex("83e00f0545230100")) == [(2, "syscall")]
    # mov eax, 0x00ef010f; jmp to a displacement of 0x00ef010f; mov [rdi+0x7fef010f], al; rel8 and what follows.
    for carrier in ("b80f01ef00", "e90f01ef00", "88870f01ef7f", "eb0f01ef"):
        code = bytes.fromhex(carrier)
        assert both(code) == [(code.index(b"\x0f\x01\xef"), "wrpkru")]


def test_what_ends_in_the_next_piece() -> None:
    from tblvm.isolation.inventory import seams

    opcode = b"\xd5\x80\x01\xef"
    for cut in range(1, 4):
        one, other = b"\x90" * (4096 - cut) + opcode[:cut], opcode[cut:] + b"\x90" * (4096 - 4 + cut)
        assert found(one) == found(other) == []
        [(address, hit)] = seams([(0x10000, one), (0x11000, other)])
        assert (address, hit.instruction.name) == (0x11000 - cut, "wrpkru")
        assert list(seams([(0x10000, one), (0x12000, other)])) == []
    # What lies in one of them wholly is theirs to find.
    assert list(seams([(0, b"\x90\x0f\x01\xef"), (4, b"\x0f\x01\xef\x90")])) == []


def far(native: NativeScanner) -> list[bool]:
    """Whether hits are found beyond 4 GiB, where sizes of 32 bits end: one file, mapped again and again."""
    piece, pieces = 1 << 26, (1 << 32 >> 26) + 1
    file = os.memfd_create("code")
    os.ftruncate(file, piece)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    private, fixed, no_reserve = mmap.MAP_PRIVATE, 0x10, 0x4000
    length = piece * pieces
    start = libc.mmap(None, length, 0, private | mmap.MAP_ANONYMOUS | no_reserve, -1, 0)
    assert start not in (None, ctypes.c_void_p(-1).value)
    try:
        for number in range(pieces):
            libc.mmap(start + number * piece, piece, mmap.PROT_READ, mmap.MAP_SHARED | fixed, file, 0)
        edge = 1 << 32
        # The last byte of a piece, and the first two of the next: a hit on each edge, also that of 4 GiB.
        os.pwrite(file, b"\x01\xef", 0)
        os.pwrite(file, b"\x0f", piece - 1)
        os.pwrite(file, b"\x0f\x05", 100)
        return [
            native.next(start, length, edge - 10) == (edge - 1, "wrpkru"),
            native.next(start, length, edge) == (edge + 100, "syscall"),
            native.next(start, edge + 101, edge) == (edge + 101, ""),
            native.next(start, edge + 102, edge) == (edge + 100, "syscall"),
            native.next(start, length, edge + 101) == (length, ""),
            native.next(start, length, length) == (length, ""),
        ]
    finally:
        libc.munmap(ctypes.c_void_p(start), ctypes.c_size_t(length))
        os.close(file)


def test_lengths_beyond_4_gib(native: NativeScanner) -> None:
    assert all(far(native))


def test_python_beyond_4_gib(tmp_path: Path) -> None:
    """The same of the scanner in Python, on a file that is a hole."""
    length, edge = (1 << 32) + (1 << 20), 1 << 32
    with (tmp_path / "hole").open("w+b") as file:
        file.truncate(length)
        os.pwrite(file.fileno(), b"\x0f\x01\xef", edge - 1)
        os.pwrite(file.fileno(), b"\xcd\x80", length - 2)
        with mmap.mmap(file.fileno(), length, prot=mmap.PROT_READ) as code:
            hits = [(hit.offset, hit.instruction.name) for hit in scan(code, edge - 4096)]
    assert hits == [(edge - 1, "wrpkru"), (length - 2, "int 0x80")]


# --- these tests can fail -------------------------------------------------------------------------------

MISTAKES = {
    "misses the last bytes": {"row->length > bytes": "row->length >= bytes"},
    "reads beyond the end": {"if (row->length > bytes) return 0;": "(void)bytes;"},
    "starts behind the start": {"uint64_t at = from;": "uint64_t at = from + 1;"},
    "looks at every other byte": {"at < bytes; at++": "at < bytes; at += 2"},
    "looks at one row": {"if (!fits(&tb_scan_rows[row], code + at, bytes - at)) continue;": "if (!fits(&tb_scan_rows[row], code + at, bytes - at)) break;"},
    "has sizes of 32 bits": {"for (uint64_t at = from; at < bytes; at++)": "for (uint32_t at = (uint32_t)from; at < (uint32_t)bytes; at++)"},
    "does not compare masks": {"(code[at] & row->mask[at]) != row->value[at]": "code[at] != row->value[at]"},
}  # fmt: skip


@pytest.mark.parametrize("mistake", [name for name in MISTAKES if name != "reads beyond the end"])
def test_a_scanner_with_a_mistake_is_found_out(tmp_path: Path, mistake: str) -> None:
    broken = NativeScanner(tmp_path, MISTAKES[mistake])
    samples = [b"\x90" * at + opcode for at in range(2) for opcode in opcodes()]
    assert not all(list(broken.scan(each)) == found(each) for each in samples) or not all(far(broken))


def test_reading_beyond_the_end_is_found_out(tmp_path: Path) -> None:
    """Where the page behind the code cannot be read: in a process of its own, which ends by that."""
    broken = NativeScanner(tmp_path, MISTAKES["reads beyond the end"])
    if (child := os.fork()) == 0:
        faulthandler.disable()
        list(broken.scan(b"\x90\x0f"))
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def opcodes() -> list[bytes]:
    """Each row of the table, with its masks' other bits at 0 and at 1."""
    rows = [sequence for each in FORBIDDEN for sequence in each.sequences]
    return [
        bytes(value | (~mask & 0xFF & spare) for mask, value in row) for row in rows for spare in (0, 0xFF)
    ]


@pytest.mark.parametrize("name", [each.name for each in FORBIDDEN])
def test_a_row_that_is_missing_is_found_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    code = next(
        bytes(value for _, value in sequence)
        for each in FORBIDDEN
        if each.name == name
        for sequence in each.sequences
    )
    code = b"\xf3" * name.endswith("base") + code
    rest = tuple(each for each in FORBIDDEN if each.name != name)
    seen = decoded(code + bytes(8), 0)
    monkeypatch.setattr(scanner, "FORBIDDEN", rest)
    assert found(code) == []
    if seen is not None:
        assert missed(code + bytes(8), found(code + bytes(8))) != []
