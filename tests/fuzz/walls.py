"""What holds for all bytes that a guest brings: its code before the scanner, its mail before its host.

    check_scan(data)   code: the scanner in C and the one in Python find the same, and all that Capstone decodes
    check_mail(data)   mail: whatever a guest answers, its host has an answer of the right type or one of the errors
                       that it tells, and has touched nothing but the arena

An input of mail is a script: what an honest guest would answer, changed as the next bytes say, each time that control
comes to it (`Scripted`). `python -m tests.fuzz.walls` writes the seeds anew."""

from __future__ import annotations

import ctypes
import io
import mmap
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

import tblvm
from tblvm import Halted, InstanceClosed, LoadError, Trap
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.registry import load
from tblvm.embed.errors import SandboxError
from tblvm.isolation import levels, mail, services
from tblvm.isolation.channel import Gone
from tblvm.isolation.proxy import Library
from tblvm.isolation.scan import scan
from tblvm.isolation.walls import Died, Found
from tblvm.stack import verify
from tests.attacks.talking import TEXT
from tests.isolation.disassembler import missed
from tests.isolation.native_scanner import NativeScanner

SEEDS = Path(__file__).parent / "seeds_walls"
# What a host is told of a guest that lies; errors of honest programs are among them, which a liar can bring about.
TOLD = (Trap, SandboxError, InstanceClosed, LoadError, Halted, KeyError, TypeError, MemoryError)
_MOST_CODE = 1 << 12


# --- code ---------------------------------------------------------------------------------------------------


@cache
def _native() -> NativeScanner:
    return NativeScanner(Path(tempfile.mkdtemp(prefix="tblvm-scanner-")))


def check_scan(data: bytes) -> str:
    """Raises AssertionError where a scanner misses something or they differ; whether there is a hit."""
    code = data[:_MOST_CODE]
    hits = [(hit.offset, hit.instruction.name) for hit in scan(code)]
    assert list(_native().scan(code)) == hits, "C and Python differ"
    assert missed(code, hits) == [], "Capstone sees more"
    # What begins in one piece and ends in the next is found where they are joined, and only there.
    for start in {0, len(code) // 2, max(len(code) - 3, 0)}:
        assert [(hit.offset, hit.instruction.name) for hit in scan(code, start)] == [
            each for each in hits if each[0] >= start
        ]
    return "hit" if hits else "clean"


# --- mail ---------------------------------------------------------------------------------------------------

BASE = mail.WORKER_ADDRESS
ROOM = 1 << 20
_MOST_SWITCHES = 200
# Fields of the mail that a script changes: kind, what, eight words, result, flag; then words of the texts behind it.
_FIELDS = 12
_HARD = (
    *(0, 1, 2, 3, 4, 5, 9, 255, 256, 4095, 4096, 1 << 16, ROOM - 1, ROOM, ROOM + 1, 1 << 24, 1 << 31),
    *((1 << 31) - 1, (1 << 32) - 1, 1 << 32, 1 << 62, 1 << 63, (1 << 64) - 1, (1 << 64) - 4096),
    *(
        int.from_bytes(text, "little")
        for text in (b"\x1b]0;!\x07\0\0", b"\x1b[2J\xff\xfe\xe2\x80", b"s[l>s[l\0", b"i>sAl\0")
    ),
    *(BASE - 1, BASE, BASE + 8, BASE + 0x2000, BASE + 0x3000, BASE + ROOM - 1, BASE + ROOM, BASE + ROOM + 1),
)


class _Arena:
    """Memory with pages around it that nothing can touch."""

    def __init__(self) -> None:
        self._whole = mmap.mmap(-1, ROOM + 2 * mmap.PAGESIZE)
        at = ctypes.addressof(ctypes.c_char.from_buffer(self._whole))
        libc = ctypes.CDLL(None, use_errno=True)
        for edge in (at, at + mmap.PAGESIZE + ROOM):
            assert not libc.mprotect(ctypes.c_void_p(edge), mmap.PAGESIZE, 0)
        self.at = mail.ffi().cast("char *", at + mmap.PAGESIZE)

    def clear(self) -> None:
        mail.ffi().memmove(self.at, bytes(0x20000), 0x20000)


@cache
def _arena() -> _Arena:
    return _Arena()


class Scripted:
    """A guest that does what bytes say: a `Channel`.

    Each time that it has control it answers as an honest one would, then takes a byte: its low three bits are how many
    changes follow. A change is a field, a number out of a list (or, for 255, eight bytes), written there."""

    level, parkings, address, size = "process", 0, BASE, ROOM
    walls: Mapping[str, str] = MappingProxyType({})

    def __init__(self, script: bytes) -> None:
        _arena().clear()
        self.base, self.away = _arena().at, False
        self._script, self._at, self._switches, self._gone = script, 0, 0, False
        self._mail = mail.mail_at(self.base)
        self._calls = {number: name for name, number in mail.numbers().items()}

    def _take(self, count: int) -> bytes:
        taken = self._script[self._at : self._at + count]
        self._at += count
        return taken.ljust(count, b"\0")

    def switch(self, seconds: float | None = None) -> None:
        self._switches += 1
        if self._gone or self._switches > _MOST_SWITCHES:
            raise Gone(9)
        self._honest()
        for _ in range(self._take(1)[0] & 7):
            field, which = self._take(2)
            number = int.from_bytes(self._take(8), "little") if which == 255 else _HARD[which % len(_HARD)]
            words = mail.ffi().cast("uint64_t *", self.base)
            # Behind the mail's head are texts, then what the honest one has put somewhere.
            words[field if field < _FIELDS else 0x3000 // 8 + field - _FIELDS] = number

    def _honest(self) -> None:
        post, called = self._mail, self._mail.kind == mail.CALL
        name = self._calls.get(int(post.what), "") if called else ""
        mail.ffi().memmove(self.base + 0x3000, b"f\0", 2)
        mail.ffi().memmove(self.base + 0x3100, b"i>i\0", 4)
        post.kind, post.result = mail.DONE, 0
        if name == "MAKE":
            post.flag, post.words[0], post.words[1] = BASE + 0x2FF0, BASE + 0x3000, 0
        elif name in ("FUNCTION_NAME", "SIGNATURE"):
            where, size = (0x3000, 1) if name == "FUNCTION_NAME" else (0x3100, 3)
            post.result, post.words[0], post.words[1] = 1, BASE + where, size
        elif name in ("TRAP", "FRAME"):
            post.result = 1
            for word, value in enumerate((BASE + 0x3000, 8, BASE + 0x3000, 8, 77)):
                post.words[word] = value
        elif name == "MEMORY":
            post.result, post.words[0] = BASE + 0x40000, 65536
        else:
            results = {"ROOM": BASE + 0x10000, "FUNCTIONS": 1, "SLOTS": BASE + 0x2000, "FUEL": 1000}
            post.result = results.get(name, 0)

    def await_(self, seconds: float | None = None) -> bool:
        return True

    def lend(self, address: int, size: int) -> None:
        if size % 4096:
            raise ValueError

    def kill(self) -> None:
        self._gone = True

    def close(self) -> None:
        self._gone = True

    def peak(self) -> int | None:
        return None


@cache
def _module() -> bytes:
    isa = load().isa
    return bytes(tbc.write(verify(assemble(TEXT, isa, "mail.tba"), isa).module))


def _uses(vm: tblvm.Instance) -> Iterator[Callable[[], object]]:
    """All that a host does with an instance; each checks what it is given."""

    def number(value: object, bits: int) -> None:
        assert isinstance(value, int) and -(1 << bits - 1) <= value < 1 << bits - 1, value

    # Of the type that the guest says it has.
    yield lambda: _is(vm.call("f", 5), int, float, str, list, bytes, tuple, type(None))
    yield lambda: _is(vm.call("s", "héllo"), str, type(None), int)
    yield lambda: _is(vm.call("s", "h\u20acllo"), str, type(None), int)
    yield lambda: _is(vm.call("b", [1, 2, 3]), list, type(None), int)
    yield lambda: vm.run(stdin=b"abc")
    yield lambda: _is(vm.functions, dict)
    yield lambda: number(vm.fuel, 64)
    yield lambda: setattr(vm, "fuel", 5)
    yield lambda: _is(vm.memory()[0:100], bytes)
    yield lambda: _put(vm.memory())
    yield lambda: number(vm.exports["g"].value, 32)
    yield lambda: setattr(vm.exports["g"], "value", 5)
    yield lambda: list(vm.exports["t"])
    yield lambda: vm.call("another")
    yield lambda: _is(str(vm.report()), str)


def _put(memory: tblvm.Memory) -> None:
    with suppress(ValueError):  # a memory of two bytes
        memory[0:3] = b"abc"


def _is(value: object, *kinds: type) -> None:
    assert isinstance(value, kinds), value


def check_mail(data: bytes) -> str:
    """Loads a program into a guest that answers so, and uses it; how far it got: "refused", "used". Raises what a host
    is never told."""
    _died(data)
    library = Library("process", lambda size, *given: Scripted(data))
    imports = {"env": {"ask": lambda a: a + 1, "text": lambda text: (text or "") + "!"}}
    given: dict[str, Any] = {"memory": "1M", "imports": imports, "stdin": b"abc", "output": "64K"}
    given |= {"stdout": io.BytesIO(), "stderr": io.BytesIO(), "grants": ["clock", "random"]}
    with (
        mock.patch.object(levels, "library", lambda level, words: library),
        mock.patch.object(services, "_LOOK", 0.0),
    ):
        try:
            vm = tblvm.load(_module(), isolation="process", **given)
        except TOLD as error:
            _shown(error)
            return "refused"
        try:
            for use in _uses(vm):
                try:
                    use()
                except (*TOLD, IndexError) as error:
                    _shown(error)
        finally:
            vm.close()
    return "used"


def _shown(error: BaseException) -> None:
    text = str(error)
    assert len(text) < 20_000 and "\x1b" not in text and "\0" not in text, text[:1000]


def _died(data: bytes) -> None:
    """What a worker leaves about its walls and its end."""
    died = Died.read(data)
    if died is not None:
        assert died.text().isprintable()
    if len(data) >= Found.BYTES:
        found = Found.read(data)
        assert found.failure().isprintable() and all(each.isprintable() for each in found.in_force().values())


# --- inputs -------------------------------------------------------------------------------------------------

LIKELY = b"\x0f\x0f\x0f\x01\xae\xc7\x05\x34\xcd\x80\xd5\xef\xf3\x48"


def some_code(rng: random.Random) -> bytes:
    """Bytes of which more than of others lead somewhere."""
    return bytes(
        rng.choice(LIKELY) if rng.random() < 0.4 else rng.randrange(256) for _ in range(rng.randrange(300))
    )


def some_mail(rng: random.Random) -> bytes:
    """A script: honest for a while, then not always."""
    script = bytearray(rng.randrange(40))
    for _ in range(rng.randrange(1, 30)):
        changes = rng.choice((0, 0, 1, 1, 2, 4))
        script.append(changes)
        for _ in range(changes):
            which = rng.randrange(256)
            script += bytes((rng.choice((*range(_FIELDS), rng.randrange(256))), which))
            if which == 255:
                script += rng.getrandbits(64).to_bytes(8, "little")
    return bytes(script)


def other_code(data: bytes, rng: random.Random) -> bytes:
    """An input changed a little."""
    made = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(made) + 1)
        if rng.random() < 0.3:
            made[at:at] = some_code(rng)[:8]
        elif made:
            made[at % len(made)] = rng.choice((rng.randrange(256), rng.choice(LIKELY)))
    return bytes(made)


def _written() -> None:
    for kind, make in (("scan", some_code), ("mail", some_mail)):
        (SEEDS / kind).mkdir(parents=True, exist_ok=True)
        for number in range(24):
            (SEEDS / kind / f"{number:02}.{kind}").write_bytes(make(random.Random(f"{kind} {number}")))


if __name__ == "__main__":
    _written()
