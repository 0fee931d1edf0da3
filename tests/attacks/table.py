"""The table of attacks, tests/attacks/attacks.toml, for tests and for docs/security.md.

`python -m tests.attacks.table` writes it into docs/security.md."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LEVELS = ("none", "process", "mpk")
NO, NOTHING = "no", "-"
DOCUMENT = ROOT / "docs" / "security.md"
_BEGIN, _END = "<!-- attacks: begin -->\n", "<!-- attacks: end -->\n"


@dataclass(frozen=True, slots=True)
class Attack:
    """A row. levels: by level, what stops it there. tests: file::function, files from the root on. open: what no
    test shows, and why."""

    number: int
    what: str
    outcome: str
    levels: dict[str, str]
    tests: tuple[str, ...]
    open: str

    def layers(self, level: str) -> tuple[str, ...]:
        """The layers that have part in stopping it there."""
        said = self.levels[level]
        return () if said in (NO, NOTHING) else tuple(re.split(r"[/+]", said))

    @property
    def needs_worker(self) -> bool:
        """Whether a worker stops it, and keys in the host's process do not."""
        return self.levels["mpk"] == NO and bool(self.layers("process"))


def _row(number: str, row: dict[str, Any]) -> Attack:
    unknown = row.keys() - {"what", "outcome", *LEVELS, "tests", "open"}
    assert not unknown, f"{number}: {unknown}"
    tests = tuple(each if "/" in each else f"tests/attacks/{each}" for each in row.get("tests", ()))
    levels = {level: row[level] for level in LEVELS}
    return Attack(int(number), row["what"], row["outcome"], levels, tests, row.get("open", ""))


_content = tomllib.loads((HERE / "attacks.toml").read_text())
LAYERS: dict[str, str] = _content.pop("layers")
ATTACKS = tuple(_row(number, row) for number, row in _content.items())


def markdown() -> str:
    """The table for people."""
    lines = ["| # | attack | outcome | none | process | mpk |", "|---:|---|---|---|---|---|"]
    for each in ATTACKS:
        cells = (str(each.number), each.what, each.outcome, *(each.levels[level] for level in LEVELS))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def split(document: str) -> tuple[str, str, str]:
    """What stands before the table, the table, what stands behind it."""
    before, rest = document.split(_BEGIN)
    table, after = rest.split(_END)
    return before + _BEGIN, table, _END + after


if __name__ == "__main__":
    head, _, tail = split(DOCUMENT.read_text())
    DOCUMENT.write_text(head + markdown() + tail)
