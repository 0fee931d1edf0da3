"""Runs scripts of specification tests on an engine, and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .script import Action, Command, Script, Value

# What is counted, by command: kinds as the specification's own runner has them.
KINDS: Mapping[str, str] = {
    "module": "module",
    "module_definition": "module",
    "module_instance": "module",
    "register": "register",
    "action": "action",
    "assert_return": "return",
    "assert_return_canonical_nan": "return",
    "assert_return_arithmetic_nan": "return",
    "assert_trap": "trap",
    "assert_uninstantiable": "trap",
    "assert_exhaustion": "exhaustion",
    "assert_invalid": "invalid",
    "assert_malformed": "malformed",
    "assert_unlinkable": "unlinkable",
}
COUNTED = (
    "module",
    "action",
    "return",
    "trap",
    "exhaustion",
    "invalid",
    "malformed",
    "unlinkable",
    "register",
)
TEXT = "a module as text: that tests who reads it, not tblvm"
# What older editions, or other tools, say in other words.
_SAME: Mapping[str, str] = {
    "unreachable executed": "unreachable",
    "undefined": "undefined element",
    "uninitialized": "uninitialized element",
    "indirect call": "indirect call type mismatch",
    "indirect call signature mismatch": "indirect call type mismatch",
    "out of bounds": "out of bounds memory access",
    "uninitialized table element": "uninitialized element",
    "callIndirect: function signatures don't match": "indirect call type mismatch",
}


class Refused(Exception):
    """The engine does not take the module. kind: "malformed", "invalid", "unsupported", or "" where it does
    not tell."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Unlinkable(Exception):
    """An import of the module is not there, or is of another type."""


class Stopped(Exception):
    """A trap, in WebAssembly's words. exhausted: the stack was used up."""

    def __init__(self, message: str, *, exhausted: bool = False) -> None:
        super().__init__(message)
        self.exhausted = exhausted


class LeftOut(Exception):
    """What cannot be judged, and why."""


class Engine(Protocol):
    """What runs modules. An engine is for one script."""

    def instantiate(self, content: bytes) -> Any:
        """An instance of a module, with what was registered. Raises Refused, Unlinkable, Stopped."""

    def register(self, name: str, instance: Any) -> None:
        """Offer what *instance* exports to later modules, as from module *name*."""

    def invoke(self, instance: Any, name: str, arguments: Sequence[Value]) -> Sequence[int]:
        """Results of the exported function *name*, by their bits. Raises Stopped."""

    def get(self, instance: Any, name: str) -> int:
        """The value of the exported global *name*, by its bits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command. kind: of COUNTED. reason: why it failed or was left out, "" if it passed."""

    line: int
    kind: str
    verdict: str  # passed, failed, left out
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a script. file: its name; unread: why there was nothing to run; left_out: why it was not
    run."""

    file: str
    outcomes: tuple[Outcome, ...] = ()
    unread: str = ""
    left_out: str = ""

    def of(self, verdict: str) -> tuple[Outcome, ...]:
        return tuple(each for each in self.outcomes if each.verdict == verdict)

    def counts(self) -> dict[str, dict[str, int]]:
        """kind -> verdict -> how many."""
        found: dict[str, Counter[str]] = {}
        for each in self.outcomes:
            found.setdefault(each.kind, Counter())[each.verdict] += 1
        return {kind: dict(found[kind]) for kind in COUNTED if kind in found}

    @property
    def failed(self) -> bool:
        return bool(self.unread) or any(each.verdict == "failed" for each in self.outcomes)


@dataclass(slots=True)
class _Module:
    """A module of the script: its instance, or why there is none."""

    instance: Any = None
    verdict: str = ""
    reason: str = ""


class _Failed(Exception):
    """A command whose claim is not so."""


@dataclass(slots=True)
class _Run:
    engine: Engine
    leave_out: Mapping[int, str]
    modules: dict[str, _Module] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)  # names not registered, and why
    definitions: dict[str, Command] = field(default_factory=dict)

    def judge(self, command: Command) -> Outcome:
        kind = KINDS.get(command.kind)
        if kind is None:
            word = command.kind.removeprefix("assert_").replace("_", " ")
            return Outcome(command.line, "action", "left out", f"{word}: a command of another proposal")
        verdict, reason = "passed", ""
        if command.line in self.leave_out:
            verdict, reason = "left out", self.leave_out[command.line]
            if kind == "module":
                self._keep(command, _Module(None, verdict, reason))
            return Outcome(command.line, kind, verdict, reason)
        try:
            getattr(self, f"_{kind}")(command)
        except LeftOut as error:
            verdict, reason = "left out", str(error)
        except _Failed as error:
            verdict, reason = "failed", str(error)
        except (Refused, Unlinkable, Stopped) as error:
            verdict, reason = "failed", _told(error)
        except Exception as error:  # an engine's defect is a result, and other commands have theirs
            verdict, reason = "failed", f"{type(error).__name__}: {error}"
        if kind == "module" and verdict != "passed":
            self._keep(command, _Module(None, verdict, reason))
        return Outcome(command.line, kind, verdict, reason)

    # -- one method a kind --------------------------------------------------------------------------------

    def _module(self, command: Command) -> None:
        if command.kind == "module_definition":
            self.definitions[command.name] = self.definitions[""] = command
            return
        made = self.definitions[command.other] if command.kind == "module_instance" else command
        self._keep(command, _Module(self._instantiated(made)))

    def _register(self, command: Command) -> None:
        try:
            self.engine.register(command.other, self._instance(command.name))
        except LeftOut as error:
            self.missing[command.other] = str(error)
            raise

    def _action(self, command: Command) -> None:
        self._act(command.action)

    def _return(self, command: Command) -> None:
        if any(each.pattern == "other" for several in command.expected for each in several):
            raise LeftOut("values of types of other proposals")
        found = self._act(command.action)
        wanted = command.expected
        fits = len(found) == len(wanted) and all(
            any(each.matches(bits % (1 << 64 if each.type[1:] == "64" else 1 << 32)) for each in several)
            for bits, several in zip(found, wanted, strict=True)
        )
        if not fits:
            raise _Failed(f"gives {_shown(found, wanted)}, not {_wanted(wanted)}")

    def _trap(self, command: Command) -> None:
        self._stops(command, exhausted=False)

    def _exhaustion(self, command: Command) -> None:
        self._stops(command, exhausted=True)

    def _invalid(self, command: Command) -> None:
        self._refuses(command, "invalid")

    def _malformed(self, command: Command) -> None:
        self._refuses(command, "malformed")

    def _unlinkable(self, command: Command) -> None:
        try:
            self._instantiated(command)
        except Unlinkable:
            return
        raise _Failed(f"links, which was to fail: {command.text}")

    # -- what they share ----------------------------------------------------------------------------------

    def _keep(self, command: Command, module: _Module) -> None:
        self.modules[""] = module
        if command.name:
            self.modules[command.name] = module

    def _content(self, command: Command) -> bytes:
        if command.content is None:
            raise LeftOut(TEXT)
        return command.content

    def _instantiated(self, command: Command) -> Any:
        """An instance of the command's module. Raises LeftOut where it needs what is left out."""
        try:
            return self.engine.instantiate(self._content(command))
        except Refused as error:
            if error.kind == "unsupported":
                raise LeftOut(str(error)) from None
            raise
        except Unlinkable as error:
            for name, why in self.missing.items():
                if f"{name}." in str(error):
                    raise LeftOut(f"it imports from a module that is left out: {why}") from None
            raise

    def _instance(self, name: str) -> Any:
        module = self.modules.get(name)
        if module is None:
            raise _Failed(f"the script has no module {name}" if name else "the script has no module yet")
        if module.verdict == "left out":
            raise LeftOut(f"its module: {module.reason}")
        if module.verdict:
            raise _Failed(f"its module failed: {module.reason}")
        return module.instance

    def _act(self, action: Action | None) -> Sequence[int]:
        if action is None:
            raise _Failed("the script says no action")
        instance = self._instance(action.module)
        if any(each.pattern for each in action.arguments):
            raise LeftOut("values of types of other proposals")
        if action.get:
            return (self.engine.get(instance, action.field),)
        return self.engine.invoke(instance, action.field, action.arguments)

    def _stops(self, command: Command, *, exhausted: bool) -> None:
        try:
            if command.action is not None:
                self._act(command.action)
            else:
                self._instantiated(command)
        except Stopped as error:
            if error.exhausted == exhausted and (exhausted or same_words(str(error), command.text)):
                return
            raise _Failed(f"traps with {error}, not {command.text}") from None
        raise _Failed(f"does not trap, which was to be: {command.text}")

    def _refuses(self, command: Command, kind: str) -> None:
        if command.is_text:
            raise LeftOut(TEXT)
        try:
            self.engine.instantiate(self._content(command))
        except Refused as error:
            if error.kind in (kind, "unsupported", ""):
                return
            raise _Failed(f"is called {error.kind} ({error}), not {kind}: {command.text}") from None
        raise _Failed(f"is not refused, which was to be: {command.text}")


def _told(error: Exception) -> str:
    what = {"Refused": "is refused", "Unlinkable": "does not link", "Stopped": "traps"}[type(error).__name__]
    return f"{what}: {error}"


def _shown(found: Sequence[int], wanted: Sequence[tuple[Value, ...]]) -> str:
    if len(found) != len(wanted):
        return f"{len(found)} results"
    values = (Value(each[0].type, bits % (1 << 64)) for bits, each in zip(found, wanted, strict=True))
    return ", ".join(map(str, values)) or "nothing"


def _wanted(wanted: Sequence[tuple[Value, ...]]) -> str:
    return ", ".join(" or ".join(map(str, several)) for several in wanted) or "nothing"


def same_words(said: str, wanted: str) -> bool:
    """Whether a trap's text is the one that a script expects, which may have less or more of it, or be of
    another edition."""
    wanted = _SAME.get(wanted, wanted)
    return bool(said) and (said.startswith(wanted) or wanted.startswith(said))


def run(
    script: Script, engine: Engine, name: str = "", leave_out: Callable[[int], str] = lambda line: ""
) -> Result:
    """What becomes of each command of *script*. name: for the result, the script's own without it. leave_out:
    for a line why its commands are not to be run, "" if they are."""
    reasons = {each.line: leave_out(each.line) for each in script.commands}
    state = _Run(engine, {line: reason for line, reason in reasons.items() if reason})
    return Result(name or script.name, tuple(state.judge(each) for each in script.commands))
