"""Profiles: what register instructions real runs of programs executed, and how often.

    profile    programs
    program    functions, by name
    function   stretches: straight-line code as it stands in the function
    stretch    register instructions one behind the other, each with how often it was executed

Control enters a stretch anywhere and leaves it at its end (but for traps): so an instruction and the n - 1
behind it were executed as a sequence as often as the first of them was. Instructions have names,
`form:operands` (such as `ADD:si`), that are the same in every build; so a profile that was made with one
build is good for the next.

A file is JSON (docs/profile.schema.json); it may be anybody's, and is checked when it is read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import UsageError
from ..printable import printable

FORMAT, VERSION = "tblvm profile", 1
OWN = "_"  # what names of instructions begin with that are the engine's own: of no form
LONGEST = 4  # instructions of a sequence that is counted
MAX_FILE = 64 << 20  # bytes
MAX_COUNT = 1 << 62
MAX_NAME = 255
MAX_STRETCH = 4096  # instructions
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(\([^()\s]*\))?~?(:[a-z0-9>-]*)?")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Straight-line code. code: names of its instructions; counts: how often each was executed; taken: how
    often the branch at its end was taken; targets: functions that the call at its end, which finds its target
    when it runs, called, and how often."""

    code: tuple[str, ...]
    counts: tuple[int, ...]
    taken: int = 0
    targets: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """What was executed of a function. index: in its module."""

    name: str
    index: int
    stretches: tuple[Stretch, ...]

    @property
    def executed(self) -> int:
        """Register instructions."""
        return sum(sum(each.counts) for each in self.stretches)


@dataclass(frozen=True, slots=True)
class Profiled:
    """What was executed of a program. name: for people; sha256: of its module; runs: how many were added."""

    name: str
    sha256: str
    runs: int
    functions: tuple[Function, ...]

    @property
    def executed(self) -> int:
        """Register instructions."""
        return sum(each.executed for each in self.functions)

    @property
    def stretches(self) -> Iterator[Stretch]:
        return (stretch for function in self.functions for stretch in function.stretches)


@dataclass(frozen=True, slots=True)
class Profile:
    """Programs that ran on an engine."""

    engine: str
    programs: tuple[Profiled, ...]

    @property
    def stretches(self) -> Iterator[Stretch]:
        return (stretch for program in self.programs for stretch in program.stretches)

    @property
    def executed(self) -> int:
        """Register instructions."""
        return sum(each.executed for each in self.programs)


def sequences(stretches: Iterable[Stretch], longest: int = LONGEST) -> Counter[tuple[str, ...]]:
    """How often each sequence of up to *longest* instructions was executed."""
    found: Counter[tuple[str, ...]] = Counter()
    for stretch in stretches:
        code = stretch.code
        for start, count in enumerate(stretch.counts):
            if count:
                for end in range(start + 1, min(start + longest, len(code)) + 1):
                    found[code[start:end]] += count
    return found


def together(profiles: Iterable[Profile]) -> Profile:
    """All of them as one: runs of the same program are added up. Raises UsageError where they are of
    different engines, or differ in the code of one program."""
    engine = ""
    programs: dict[str, Profiled] = {}
    for profile in profiles:
        if engine not in ("", profile.engine):
            raise UsageError(
                f"the profiles are of engines {engine} and {profile.engine}: only those of one can be added "
                "up"
            )
        engine = profile.engine
        for program in profile.programs:
            known = programs.get(program.sha256)
            programs[program.sha256] = program if known is None else _sum(known, program)
    return Profile(engine, tuple(programs.values()))


def _sum(one: Profiled, other: Profiled) -> Profiled:
    functions = {each.index: each for each in one.functions}
    for each in other.functions:
        known = functions.get(each.index)
        functions[each.index] = each if known is None else _sum_of(known, each, one.name)
    ordered = tuple(functions[index] for index in sorted(functions))
    return replace(one, runs=one.runs + other.runs, functions=ordered)


def _sum_of(one: Function, other: Function, program: str) -> Function:
    """One run may have executed stretches that another has not."""
    rows = {each.code: each for each in one.stretches}
    if len(rows) == len(one.stretches) == len(other.stretches) and all(
        each.code == there.code for each, there in zip(one.stretches, other.stretches, strict=True)
    ):
        added = tuple(map(_added, one.stretches, other.stretches))
        return replace(one, stretches=added)
    if one.name != other.name:
        raise UsageError(f"two profiles of {program} name function {one.index} {one.name} and {other.name}")
    merged = list(one.stretches)
    left = Counter(each.code for each in one.stretches)
    for each in other.stretches:
        if left[each.code]:
            left[each.code] -= 1
            at = next(i for i, known in enumerate(merged) if known.code == each.code)
            merged[at] = _added(merged[at], each)
        else:
            merged.append(each)
    return replace(one, stretches=tuple(merged))


def _added(one: Stretch, other: Stretch) -> Stretch:
    counts = tuple(a + b for a, b in zip(one.counts, other.counts, strict=True))
    targets = Counter(one.targets or {}) + Counter(other.targets or {})
    return Stretch(one.code, counts, one.taken + other.taken, dict(targets) or None)


# --- files ---------------------------------------------------------------------------------------------


def to_json(profile: Profile) -> str:
    """The file of a profile. Equal profiles give equal texts."""
    names = sorted({name for stretch in profile.stretches for name in stretch.code})
    number = {name: index for index, name in enumerate(names)}
    programs = [
        {
            "name": program.name,
            "sha256": program.sha256,
            "runs": program.runs,
            "functions": [
                {
                    "name": function.name,
                    "index": function.index,
                    "stretches": [_stretch_data(each, number) for each in function.stretches],
                }
                for function in program.functions
            ],
        }
        for program in profile.programs
    ]
    data = {
        "format": FORMAT,
        "version": VERSION,
        "engine": profile.engine,
        "instructions": names,
        "programs": programs,
    }
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")) + "\n"


def _stretch_data(stretch: Stretch, number: Mapping[str, int]) -> dict[str, object]:
    data: dict[str, object] = {
        "code": [number[name] for name in stretch.code],
        "counts": list(stretch.counts),
    }
    if stretch.taken:
        data["taken"] = stretch.taken
    if stretch.targets:
        data["targets"] = dict(sorted(stretch.targets.items()))
    return data


def from_json(content: bytes, name: str, known: Callable[[str], bool] = lambda form: True) -> Profile:
    """The profile that a file called *name* holds. known: whether there is such a form of an opcode.

    Raises UsageError for what is none, is of another version, or counts forms that are not *known*.
    """
    hint = f"make one with `tblvm profile -o {name} PROGRAM`"
    if len(content) > MAX_FILE:
        raise UsageError(
            f"{name} has {len(content):,} bytes, more than the {MAX_FILE:,} of a profile: {hint}"
        )
    try:
        data = json.loads(content)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("it is something else")
        if data.get("version") != VERSION:
            raise UsageError(
                f"{name} is a profile of version {data.get('version')!r:.20}, and this reads {VERSION}: "
                + hint
            )
        profile = _profile(data)
    except (ValueError, RecursionError) as error:
        wrong = printable(str(error)[:200]).decode()
        raise UsageError(f"{name} is no profile ({wrong}): {hint}") from None
    forms = {form_of(each) for stretch in profile.stretches for each in stretch.code}
    foreign = sorted(form for form in forms if not form.startswith(OWN) and not known(form))
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise UsageError(
            f"{name} counts opcode {foreign[0]}{more}, which is not among those registered: load its plug-in "
            f"with -p, or make the profile anew"
        )
    return profile


def form_of(instruction: str) -> str:
    """The form of an opcode that a register instruction of this name executes."""
    return instruction.partition(":")[0]


_SAME = re.compile(r"=(?:any|cells|f32|function|i32|string)(?=[,)])")


def plain(instruction: str) -> str:
    """A name that instructions share which move cells of types that make no difference: forms with the same C
    share their instructions, whose names tell the form that comes first in the program at hand."""
    return _SAME.sub("=cell", instruction) if "(" in instruction else instruction


def forward(instruction: str) -> str:
    """The name of a branch forward that does the same: where nothing is polled there is no other."""
    if instruction.endswith(">b"):
        return instruction[:-1] + "f"
    return "_JUMP" if instruction == "_JUMP_BACK" else instruction


_KEYS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "profile": (frozenset({"format", "version", "engine", "instructions", "programs"}), frozenset()),
    "program": (frozenset({"name", "sha256", "runs", "functions"}), frozenset()),
    "function": (frozenset({"name", "index", "stretches"}), frozenset()),
    "stretch": (frozenset({"code", "counts"}), frozenset({"taken", "targets"})),
}


def _object(value: object, what: str) -> dict[str, Any]:
    """A JSON object with the keys of *what*. Raises ValueError."""
    must, may = _KEYS[what]
    if not isinstance(value, dict) or not must <= value.keys() or not value.keys() <= must | may:
        raise ValueError(f"a {what} has {', '.join(sorted(must))}")
    return value


def _profile(data: object) -> Profile:
    given = _object(data, "profile")
    names = [_text(each) for each in _list(given["instructions"])]
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name} is no name of an instruction")
    programs = []
    for each in _list(given["programs"]):
        program = _object(each, "program")
        digest = _text(program["sha256"])
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError("sha256 takes 64 hexadecimal digits")
        functions = tuple(_function(one, names) for one in _list(program["functions"]))
        if len({one.index for one in functions}) != len(functions):
            raise ValueError("a function of a program is there twice")
        programs.append(Profiled(_text(program["name"]), digest, _number(program["runs"]), functions))
    return Profile(_text(given["engine"]), tuple(programs))


def _function(value: object, names: list[str]) -> Function:
    data = _object(value, "function")
    stretches = tuple(_stretch(each, names) for each in _list(data["stretches"]))
    return Function(_text(data["name"]), _number(data["index"]), stretches)


def _stretch(value: object, names: list[str]) -> Stretch:
    data = _object(value, "stretch")
    code, counts = [_number(each) for each in _list(data["code"])], _list(data["counts"])
    if len(code) != len(counts) or not 0 < len(code) <= MAX_STRETCH:
        raise ValueError(f"a stretch has 1 to {MAX_STRETCH} instructions and a count for each")
    if max(code) >= len(names):
        raise ValueError("a stretch names an instruction that is not listed")
    targets = data.get("targets")
    if targets is not None and not isinstance(targets, dict):
        raise ValueError("targets are an object")
    found = {_text(name): _number(count) for name, count in (targets or {}).items()}
    return Stretch(
        tuple(names[each] for each in code),
        tuple(map(_number, counts)),
        _number(data.get("taken", 0)),
        found or None,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_NAME:
        raise ValueError(f"a name is a text of up to {MAX_NAME} characters")
    return printable(value).decode()  # the file may be anybody's


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("there is no list where one belongs")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < MAX_COUNT:
        raise ValueError("a count is a number that is not negative")
    return value
