"""A module on wasmtime and on tblvm: the same calls, in the same order, and all that can be seen of them.

    python -m tests.frontends.wasm.compare MODULE.wasm [SEED]

tells the first difference, and ends with 1 where there is one: `wasm-tools shrink` takes it as its predicate.
"""

from __future__ import annotations

import random
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import wasmtime

from tblvm.frontends.wasm.conformance.engine import Tblvm
from tblvm.frontends.wasm.conformance.runner import Refused, Stopped, Unlinkable, same_words
from tblvm.frontends.wasm.conformance.script import WIDTHS, Value

from .oracle import Wasmtime

ROUNDS = 2
FUEL = 50_000_000
_EDGES = (0, 1, 2, 3, 8, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_FLOATS = (0.0, -0.0, 1.0, -1.5, 2.0**31, 2.0**63, 1e30, -1e-40, float("inf"), float("-inf"), float("nan"))


class Different(Exception):
    """What one engine does and the other one does not."""


@dataclass
class Seen:
    """What happened, for who wants to know that something did."""

    calls: int = 0
    results: int = 0
    traps: dict[str, int] = field(default_factory=dict)


def bits(type_: str, rng: random.Random) -> int:
    """Bits of an argument: mostly from the ends of ranges."""
    width = WIDTHS[type_]
    if rng.random() < 0.3:
        return rng.getrandbits(width)
    if type_[0] == "f":
        made = struct.pack("<f" if width == 32 else "<d", rng.choice(_FLOATS))
        return int.from_bytes(made, "little")
    value = rng.choice(_EDGES)
    return (value if width == 32 or rng.random() < 0.5 else value << 32) % (1 << width)


def canonical(type_: str, value: int) -> int:
    """The bits of a result, of NaNs one for all."""
    value %= 1 << WIDTHS[type_]
    return Value(type_, pattern="nan").quiet if Value(type_, value).is_nan else value


def attempt(what: Any, *arguments: Any) -> tuple[Any, str]:
    """What a call gives, or the trap that it ends with."""
    try:
        return what(*arguments), ""
    except Stopped as stopped:
        return None, "exhausted" if stopped.exhausted else str(stopped)


def compared(content: bytes, seed: int) -> Seen:
    """What both do with *content*. Raises Different; Refused and Unlinkable where tblvm does not take it."""
    rng, seen = random.Random(seed), Seen()
    theirs, ours = Wasmtime(FUEL), Tblvm()
    try:
        one, trap = attempt(theirs.instantiate, content)
        other, trapped = attempt(ours.instantiate, content)
        if not _agree("the start", trap, trapped, seen) or one is None:
            return seen
        exports = one.exports(theirs.store)
        names = [name for name in exports if isinstance(exports[name], wasmtime.Func)]
        calls = [name for name in names for _ in range(ROUNDS)]
        rng.shuffle(calls)
        for name in calls:
            kind = exports[name].type(theirs.store)
            arguments = [Value(str(each), bits(str(each), rng)) for each in kind.params]
            what = f"{name}({', '.join(map(str, arguments))})"
            expected, trap = attempt(theirs.call, one, name, [(each.type, each.bits) for each in arguments])
            found, trapped = attempt(ours.invoke, other, name, arguments)
            if not _agree(what, trap, trapped, seen):
                return seen
            if not trap:
                wanted = [canonical(*each) for each in expected]
                got = [canonical(type_, value) for (type_, _), value in zip(expected, found, strict=True)]
                if wanted != got:
                    raise Different(f"{what} gives {got}, wasmtime's {wanted}")
                seen.results += 1
        _same_state(theirs, one, ours, other)
    finally:
        ours.close()
    return seen


def _agree(what: str, trap: str, trapped: str, seen: Seen) -> bool:
    """Whether the comparison goes on: no stack is as deep as another one, and nothing is said behind that."""
    seen.calls += 1
    if "exhausted" in (trap, trapped) or "out of fuel" in (trap, trapped):
        seen.traps["exhausted"] = seen.traps.get("exhausted", 0) + 1
        return False
    if bool(trap) != bool(trapped) or (trap and not same_trap(trap, trapped)):
        raise Different(f"{what} ends with {trapped or 'results'}, wasmtime's with {trap or 'results'}")
    if trap:
        seen.traps[trap] = seen.traps.get(trap, 0) + 1
    return True


def same_trap(theirs: str, ours: str) -> bool:
    """Whether two texts of traps mean the same."""
    # wasmtime has one code for both.
    if theirs == "undefined element":
        return ours in (theirs, "out of bounds table access")
    return same_words(ours, theirs)


def _same_state(theirs: Wasmtime, one: Any, ours: Tblvm, other: Any) -> None:
    exports = one.exports(theirs.store)
    for name in exports:
        each = exports[name]
        if isinstance(each, wasmtime.Memory):
            wanted, found = bytes(each.read(theirs.store)), ours.memory(other, name)
            if wanted != found:
                place = next(
                    (i for i, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b), "end"
                )
                raise Different(
                    f"memory {name} differs at {place}: {len(found)} bytes, wasmtime's {len(wanted)}"
                )
        elif isinstance(each, wasmtime.Global):
            type_ = str(each.type(theirs.store).content)
            value, known = canonical(type_, ours.get(other, name)), canonical(type_, theirs.get(one, name))
            if value != known:
                raise Different(f"global {name} is {value:#x}, wasmtime's {known:#x}")


def main() -> None:
    try:
        print(compared(Path(sys.argv[1]).read_bytes(), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
    except (Different, Refused, Unlinkable) as error:
        print(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
