"""Workers that lie: the host believes nothing, reads every number once, and has one typed error for each lie.

The worker is a program of its own (fake/fake.c), which speaks the protocol and does what its rules say."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import tblvm
from tblvm import Halted, InstanceClosed, LoadError, Trap
from tblvm.embed.errors import Crashed, SandboxError
from tblvm.isolation import guest, mail
from tblvm.isolation.channel import Worker

from .fake import BASE, Rule, lying
from .native import PLUGIN, program, signed
from .talking import TEXT

pytestmark = pytest.mark.repeated
SEED = int(os.environ.get("TBLVM_TEST_SEED", "3"))
SCALE = float(os.environ.get("TBLVM_TEST_SCALE", "1"))
HUGE = (1 << 64) - 1
# What a host may be told of a worker that lies. A KeyError is for a name that is not exported, a TypeError for what
# does not fit, a MemoryError for a heap that is full: errors of honest programs, which a liar can bring about.
TOLD = (Trap, SandboxError, InstanceClosed, LoadError, Halted, KeyError, TypeError, MemoryError)
# Seconds in which a host is done with whatever it is told. Its patience with a worker is less.
_MOST = 90.0


def load(**given: Any) -> tblvm.Instance:
    imports = {"env": {"ask": lambda a: a + 1, "text": lambda text: (text or "") + "!"}}
    given = {"timeout": 5, "memory": "1M", "imports": imports, **given}
    return tblvm.load(TEXT.encode(), **{"isolation": "process", **given})


def uses(vm: tblvm.Instance) -> dict[str, Callable[[], object]]:
    """All that a host does with an instance."""
    return {
        "call": lambda: vm.call("f", 5),
        "string": lambda: vm.call("s", "héllo"),
        "wide": lambda: vm.call("s", "h\u20acllo"),
        "array": lambda: vm.call("b", [1, 2, 3]),
        "run": lambda: vm.run(stdin=b"abc"),
        "functions": lambda: vm.functions,
        "fuel": lambda: vm.fuel,
        "set fuel": lambda: setattr(vm, "fuel", 5),
        "memory": lambda: vm.memory()[0:100],
        "memory end": lambda: vm.memory()[-1],
        "memory set": lambda: vm.memory().__setitem__(slice(0, 3), b"abc"),
        "global": lambda: vm.exports["g"].value,
        "set global": lambda: setattr(vm.exports["g"], "value", 5),
        "table": lambda: list(vm.exports["t"]),
        "no function": lambda: vm.call("another"),
        "report": lambda: str(vm),
    }


@pytest.fixture(autouse=True, scope="module")
def one_before() -> None:
    """What a process has for all of its workers is there from the first one on."""
    with lying([]):
        load().close()


def descriptors() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


@contextmanager
def nothing_left() -> Iterator[list[Worker]]:
    """Checks that what was started has ended, and that no descriptor is left."""
    started: list[Worker] = []
    gc.collect()
    before, peak = descriptors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    yield started
    assert time.monotonic() - start < _MOST
    gc.collect()
    assert len(descriptors() - before) <= 1, "descriptors are left"  # that of listing them
    with pytest.raises(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            raise AssertionError("a zombie was left")
        raise ChildProcessError  # others' children that run
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert grown < 300 << 10, f"{grown} KiB of memory were taken for it"


def tried(rules: list[Rule], seed: int = 1, **given: Any) -> dict[str, object]:
    """What comes of each use of a worker with these rules: an answer, or an error that is one of those told."""
    found: dict[str, object] = {}
    with nothing_left(), lying(rules, seed):
        try:
            vm = load(**given)
        except TOLD as error:
            return {"load": error}
        try:
            for name, use in uses(vm).items():
                try:
                    found[name] = use()
                except TOLD as error:
                    found[name] = error
        finally:
            vm.close()
    for error in found.values():
        if isinstance(error, BaseException):
            assert len(str(error)) < 10_000 and "\x1b" not in str(error)
    return found


def test_an_honest_one_is_believed() -> None:
    """So that what the others show is not for another reason."""
    found = tried([])
    assert found["call"] == 5 and found["fuel"] == 1000 and found["memory"] == bytes(100)
    assert found["functions"] == {"f": "(i32) -> i32"}


# --- requests -------------------------------------------------------------------------------------------------


def asks(what: int, *words: int, kind: int = mail.ASK) -> list[Rule]:
    return [Rule("CALL", kind=kind, what=what, words=words), Rule("RUN", kind=kind, what=what, words=words)]


@pytest.mark.parametrize(
    "kind, what",
    [
        (0, 0),
        (1, 0),
        (2, 0),
        (5, 0),
        (HUGE, 0),
        (mail.ASK, 0),
        (mail.ASK, 9),
        (mail.ASK, 1 << 32),
        (mail.ASK, HUGE),
    ],
)
def test_mail_of_no_kind(kind: int, what: int) -> None:
    found = tried(asks(what, kind=kind))
    assert isinstance(found["call"], Crashed)


PLACES = [
    (0, 100),
    (BASE - 1, 2),
    (BASE + (1 << 40), 1),
    (HUGE, 1),
    (HUGE, HUGE),
    (BASE, HUGE),
    (BASE, 1 << 63),
    (BASE + 4096, (1 << 64) - 4096),
    (BASE, 1 << 40),
]


@pytest.mark.parametrize("what", [mail.READ, mail.WRITE, mail.FAIL])
@pytest.mark.parametrize("place", PLACES)
def test_addresses_outside_of_the_arena(what: int, place: tuple[int, int]) -> None:
    found = tried(asks(what, *place))
    assert isinstance(found["call"], Crashed)


def test_random_bytes_outside_of_the_arena() -> None:
    for place in PLACES:
        found = tried(asks(mail.RANDOM, *place), grants=["random"])
        assert found["call"] == 5 or isinstance(found["call"], Crashed)


def test_reading_and_writing_all_of_the_arena(capfd: pytest.CaptureFixture[str]) -> None:
    """The most that can be asked for: no more of the host's memory than is said."""
    with lying([]) as started:
        load().close()
        size = started[0].size
    found = tried(asks(mail.READ, BASE, size), stdin=open("/dev/zero", "rb"))  # noqa: SIM115, PTH123
    assert found["run"] is not None
    tried(asks(mail.WRITE, BASE, size), output="64K", stdout=open(os.devnull, "wb"))  # noqa: SIM115, PTH123


def test_host_functions_by_number() -> None:
    """Only those that were granted have one."""
    for number in (2, 3, 1000, 1 << 31, 1 << 32, HUGE):
        found = tried(asks(mail.HOST, number, BASE + 0x2000))
        assert isinstance(found["call"], Crashed), number


@pytest.mark.parametrize("what", [mail.HOST, mail.READ, mail.WRITE, mail.ERROR, mail.WAIT])
@pytest.mark.parametrize("on", ["MAKE", "FUNCTION", "FUEL"])
def test_requests_where_no_program_runs(on: str, what: int, capfd: pytest.CaptureFixture[str]) -> None:
    """While an instance is made its console is not there yet, and no quota counts."""
    words = (1, 0) if what == mail.HOST else (BASE + 0x3000, 10)
    found = tried([Rule(on, kind=mail.ASK, what=what, words=words)])
    assert any(isinstance(each, Crashed) for each in found.values())
    assert capfd.readouterr() == ("", "")


def test_control_that_nobody_asked_for() -> None:
    """Control comes twice for one call: what follows is out of step, and an error or a wrong answer of the guest's own."""
    tried([Rule("CALL", "twice")])
    tried([Rule("", "twice", skip=20)])
    tried([Rule("CALL", "flood", result=100_000)])


@pytest.mark.parametrize("how", ["empty", "long", "send", "flood"])
def test_messages_of_other_kinds(how: str) -> None:
    found = tried([Rule("CALL", how, result=3000), Rule("FUEL", how, result=10)])
    assert found["call"] == 5 or isinstance(found["call"], TOLD)


def test_descriptors_that_are_sent_are_dropped() -> None:
    with lying([Rule("FUEL", "send")]):
        vm = load()
        assert vm.fuel == 1000
        before = descriptors()
        for _ in range(50):
            assert vm.fuel == 1000
        assert descriptors() == before
        vm.close()


# --- ends ------------------------------------------------------------------------------------------------------

NAMES = sorted(mail.numbers())


def some(among: Sequence[Any], salt: object, count: int = 1) -> list[Any]:
    """A sample for whoever has little time."""
    most = min(len(among), max(1, int(count * SCALE)))
    return random.Random(f"{SEED} {salt}").sample(among, most)


@pytest.mark.parametrize("on", [*NAMES, ""])
def test_it_ends_in_the_middle(on: str) -> None:
    (how,) = some(("end", "killed", "hang_up"), on)[:1]
    result = 9 if how == "killed" else 3
    found = tried([Rule(on, how, result=result), Rule(on, how, result=result, skip=1)])
    if on in ("CALL", "MAKE", ""):
        assert any(isinstance(each, (Crashed, InstanceClosed)) for each in found.values())


def test_it_ends_by_any_signal() -> None:
    for number in (1, 2, 4, 6, 7, 9, 11, 13, 14, 31, 34, 64):
        with nothing_left(), lying([Rule("CALL", "killed", result=number)]):
            vm = load()
            with pytest.raises(SandboxError):
                vm.call("f", 1)
            vm.close()


@pytest.mark.parametrize("how", ["silent", "stop"])
@pytest.mark.parametrize("on", ["CALL", "RUN", "BEGIN", "CLOSE"])
def test_it_never_answers(on: str, how: str) -> None:
    """What runs the program has its deadline; the end has its grace."""
    found = tried([Rule(on, how)], timeout=0.3)
    if on == "CALL":
        assert isinstance(found["call"], tblvm.DeadlineExceeded)


@pytest.mark.parametrize("on", sorted({*NAMES} - {"CALL", "RUN", "BEGIN", "CLOSE"}))
def test_it_never_answers_what_is_no_call(on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only asks about a program has a bound of its own."""
    (how,) = some(("silent", "stop"), on)[:1]
    monkeypatch.setattr(guest, "ANSWER", 0.3)
    monkeypatch.setitem(guest.BOUNDED, "MAKE", 0.3)
    tried([Rule(on, how), Rule(on, how, skip=1)], timeout=0.3)


# --- answers ---------------------------------------------------------------------------------------------------

TEXTS = [
    (BASE + 0x3000, 1 << 20),
    (BASE + 4096, (1 << 24)),
    (BASE - 5, 10),
    (0, 10),
    (BASE, HUGE),
    (HUGE, HUGE),
    (0, 0),
    (BASE + 0x3000, 0),
]


@pytest.mark.parametrize("on", ["FUNCTION_NAME", "SIGNATURE", "TRAP", "FRAME", "MAKE"])
def test_texts_without_an_end(on: str) -> None:
    for address, size in some(TEXTS, on, 4):
        traps = [Rule("CALL", result=4), Rule("RUN", result=4)]
        words = (address, size, address, size, 77)
        tried([Rule(on, words=words, result=1), *traps])


SIGNATURES = [
    b"",
    b">",
    b"i",
    b"[",
    b"[[[[",
    b"x>x",
    b"i>i>i",
    b"\xff\xfe>i",
    b"i" * 200,
    b"'+evil()+'>i",
    b"s>[s",
    b"o>a",
]


@pytest.mark.parametrize("text", SIGNATURES)
def test_signatures_that_are_none(text: bytes) -> None:
    """A signature decides which Python is written for a call: nothing of it gets there that is no type."""
    at = BASE + 0xA0  # the mail's own text
    words = [
        int.from_bytes(text[index : index + 8].ljust(8, b"\0"), "little") for index in range(0, len(text), 8)
    ]
    # The text is written by way of the answer's other words: in the last of them.
    rule = Rule("SIGNATURE", words=(BASE + 0x20, len(text), *words[:6]), result=1)
    if len(text) > 48:
        rule = Rule("SIGNATURE", words=(at, 1 << 16), result=1)
    found = tried([rule])
    assert isinstance(found["call"], TOLD)


NUMBERS = (1, 2, 3, 9, 10, 255, 1 << 16, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 62, 1 << 63, HUGE)


@pytest.mark.parametrize("on", NAMES)
def test_answers_that_cannot_be(on: str) -> None:
    """Counts of billions, statuses that there are not, other functions than the module has, addresses of nothing."""
    for number in some(NUMBERS, on, 3):
        tried([Rule(on, words=(number,) * 8, result=number)])


def sized(vm: tblvm.Instance) -> object:
    return vm.call("f", "a", [1])


@pytest.mark.parametrize("what", ["STRING", "ARRAY", "MEMORY"])
def test_sizes_that_cannot_be(what: str) -> None:
    """Whatever is said to be there, no more is copied than there is."""
    text = [Rule("SIGNATURE", words=(BASE + 0x20, 7, int.from_bytes(b"s[l>s[l", "little")), result=1)]
    for at in (BASE, BASE + 0x2000, BASE + 4095, BASE - 8, BASE + (1 << 26)):
        for count in some(
            (1, 1 << 10, 1 << 24, 1 << 28, 1 << 32, (1 << 61) + 1, 1 << 63, HUGE), (what, at), 3
        ):
            with nothing_left(), lying([Rule(what, words=(count, count), result=at), *text]):
                vm = load()
                for use in (sized, lambda it: it.memory()[0:10], lambda it: it.memory()[-1]):
                    with contextlib.suppress(*TOLD, IndexError):
                        use(vm)
                vm.close()


def test_numbers_that_do_not_fit_their_type() -> None:
    """An i32 is one, whatever the slot has above it."""
    with lying([]):
        vm = load()
        mapped = vm._lib.guest(vm._context)
        for bits in (HUGE, 1 << 63, 0x1234567_80000000, 0x7FF8_0000_DEAD_BEEF):
            mapped.slots[0] = bits
            # The call writes its argument, the guest answers with what is there: the low half is the number.
            found = vm.call("f", 7)
            assert -(1 << 31) <= found < 1 << 31
        vm.close()


def test_a_forged_end() -> None:
    """The report of an end is the worker's own word: it is text, and nothing else follows from it."""
    rng = random.Random(SEED)
    for _ in range(12):
        words = [rng.choice((0, 7, 11, 31, 255, HUGE, rng.getrandbits(64))) for _ in range(8)]
        with nothing_left(), lying([Rule("CALL", "end", result=134)]):
            vm = load()
            at = vm._lib.guest(vm._context).mail.died
            for index, word in enumerate(words):
                at[index] = word
            with pytest.raises(SandboxError) as found:
                vm.call("f", 1)
            assert "\x1b" not in str(found.value) and len(str(found.value)) < 1000
            vm.close()


# --- what changes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(max(1, int(4 * SCALE))))
def test_all_of_it_changes_all_the_time(seed: int) -> None:
    """A second thread of the worker writes the mail and its texts over and over while the host reads them."""
    tried([Rule("BEGIN", "flip"), Rule("", "random", skip=40)], SEED * 1000 + seed, timeout=1)


@pytest.mark.parametrize("seed", range(max(1, int(25 * SCALE))))
def test_random_answers(seed: int) -> None:
    skip = random.Random(SEED + seed).choice((0, 3, 8, 12, 16, 20, 25, 30))
    tried([Rule("", "random", skip=skip)], SEED * 1_000_003 + seed, timeout=0.5)


def test_the_shared_memory_cannot_be_made_shorter() -> None:
    """Where it could, the host's next look would be its end by SIGBUS."""
    with lying([Rule("FUEL", "shrink")]):
        vm = load()
        assert vm.fuel == 1000
        post = vm._lib.guest(vm._context).mail
        assert post.words[7] == HUGE  # -1: the worker was refused
        assert vm.call("f", 1) == 1
        vm.close()


# --- lies of a real worker, from behind its walls ----------------------------------------------------------------


def test_a_walled_guest_lies_as_little() -> None:
    """Native code in a real worker writes mail of its own: what it asks for goes through the same checks."""
    asked: list[int] = []
    for words, error in (
        ((mail.ASK, 99, 0, 0, 0), Crashed),
        ((9, 0, 0, 0, 0), Crashed),
        ((mail.ASK, mail.WRITE, 0, 100, 0), Crashed),
        ((mail.ASK, mail.READ, BASE, -1, 0), Crashed),
        ((mail.ASK, mail.HOST, 0, BASE, 0), Crashed),
    ):
        with tblvm.load(program(), plugins=[PLUGIN], isolation="process", timeout=5) as vm:
            with pytest.raises(error):
                vm.call("lie", *(signed(each) for each in words))
            assert not asked
    with tblvm.load(program(), plugins=[PLUGIN], isolation="process", timeout=5) as vm:
        # No clock, no random bytes without a grant, whatever is written.
        assert vm.call("lie", mail.ASK, mail.CLOCK, 0, 0, 0) == 0
        assert vm.call("lie", mail.ASK, mail.RANDOM, BASE + (1 << 20), 8, 0) == -1
        assert vm.memory()[0:8] == bytes(8)
