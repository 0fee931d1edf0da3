"""Scripts on tblvm, and what is told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ....core.printable import printable
from .engine import Tblvm
from .left_out import LeftOut, reason
from .runner import COUNTED, Result, run
from .script import Script, Unreadable, read


def judged(path: Path, listed: tuple[LeftOut, ...] = ()) -> Result:
    """What becomes of the script in the file *path*. Raises UsageError where there is no such file."""
    name, place = str(path), path.absolute().as_posix()
    if why := reason(listed, place, 0):
        return Result(name, left_out=why)
    try:
        return conformance(read(path), name, place, listed)
    except Unreadable as error:
        return Result(name, unread=error.reason)


def conformance(script: Script, name: str, place: str, listed: tuple[LeftOut, ...] = ()) -> Result:
    """What becomes of a script on tblvm. name: for the result; place: the path by which *listed* knows it."""
    engine = Tblvm()
    try:
        return run(script, engine, name, lambda line: reason(listed, place, line))
    finally:
        engine.close()


def total(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """kind -> verdict -> how many, of all together."""
    found: dict[str, Counter[str]] = {}
    for each in results:
        for kind, verdicts in each.counts().items():
            found.setdefault(kind, Counter()).update(verdicts)
    return {kind: dict(found[kind]) for kind in COUNTED if kind in found}


def shown(results: Sequence[Result]) -> Iterator[str]:
    """Lines for people: what failed, what was left out and why, a table of counts."""
    for result in results:
        if result.unread:
            yield f"{result.file}: {result.unread}"
        for each in result.of("failed"):
            yield f"{result.file}:{each.line}: {each.kind}: {printable(each.reason).decode()}"
    reasons: dict[str, Counter[str]] = {}
    for result in results:
        for each in result.of("left out"):
            reasons.setdefault(each.reason, Counter())[result.file] += 1
        if result.left_out:
            reasons.setdefault(result.left_out, Counter())[result.file] += 1
    for why, files in reasons.items():
        whole = sum(each.left_out == why for each in results)
        count = files.total() - whole
        what = [f"{count:,} commands"] * bool(count) + [f"{whole} scripts"] * bool(whole)
        names = ", ".join(Path(name).name for name in list(files)[:4]) + (", …" if len(files) > 4 else "")
        yield f"left out: {' and '.join(what)} ({names}): {printable(why).decode()}"
    rows: list[tuple[str, ...]] = [("", "passed", "failed", "left out")]
    counts = total(results)
    for kind, verdicts in counts.items():
        rows.append((kind, *(f"{verdicts.get(each, 0):,}" for each in rows[0][1:])))
    sums = (f"{sum(row.get(each, 0) for row in counts.values()):,}" for each in rows[0][1:])
    rows.append(("total", *sums))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *numbers = (
            each.ljust(w) if i == 0 else each.rjust(w)
            for i, (each, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *numbers))


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The same for scripts: counts of all, and for each file its own, failures and what was left out."""
    return {
        "schema": 1,
        "total": total(results),
        "files": [
            {
                "file": result.file,
                "unread": result.unread,
                "left_out": result.left_out,
                "counts": result.counts(),
                "failures": [_row(each) for each in result.of("failed")],
                "commands_left_out": [_row(each) for each in result.of("left out")],
            }
            for result in results
        ],
    }


def _row(outcome: Any) -> dict[str, Any]:
    return {"line": outcome.line, "kind": outcome.kind, "reason": outcome.reason}
