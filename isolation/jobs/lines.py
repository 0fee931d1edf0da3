"""Inputs and results as lines of JSON."""

from __future__ import annotations

import array
import base64
import binascii
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ...core.module import Module
from ...core.printable import escaped_json
from ...embed.errors import Stopped
from ...embed.exports import ARRAY, exported, signature
from .errors import InputError
from .result import Result

# What JSON has no numbers for.
_BEYOND = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of input. index: of the input, from 0 on; number: of the line, from 1 on; text: its bytes."""

    index: int
    number: int
    text: bytes

    @property
    def digest(self) -> str:
        """By which the line is known again: the first 16 digits of its SHA-256."""
        return hashlib.sha256(self.text).hexdigest()[:16]

    def value(self) -> Any:
        """What it says. Raises InputError."""
        try:
            return json.loads(self.text.decode(), parse_constant=_constant)
        except UnicodeDecodeError as error:
            raise self.error(f"byte {error.start + 1} is no UTF-8") from None
        except json.JSONDecodeError as error:
            raise self.error(f"no JSON: {error.msg}, column {error.colno}") from None
        except RecursionError:
            raise self.error("no JSON that can be read: it is too deep") from None
        except ValueError as error:  # a number of too many digits
            raise self.error(f"no JSON that can be read: {error}") from None

    def error(self, message: str) -> InputError:
        """What is wrong with it."""
        return InputError(f"line {self.number}: {message}")


def _constant(name: str) -> float:
    raise ValueError(f'{name} is written "{name}"')


def lines(file: Iterable[bytes]) -> Iterator[Line]:
    """The inputs in *file*: lines that are not blank."""
    index = 0
    for number, text in enumerate(file, 1):
        stripped = (text.removeprefix(b"\xef\xbb\xbf") if number == 1 else text).strip()
        if stripped:
            yield Line(index, number, stripped)
            index += 1


def stdin_in(line: Line) -> bytes:
    """What a program reads that a line stands for: a string, null, or bytes as {"base64": …}. Raises
    InputError."""
    value = line.value()
    if value is None:
        return b""
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise line.error('half of a surrogate pair is in no text: write {"base64": …}') from None
    if isinstance(value, dict) and value.keys() == {"base64"} and isinstance(value["base64"], str):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (binascii.Error, ValueError):
            raise line.error("no base64") from None
    raise line.error('an input is a string, {"base64": …} or null; --call gives arguments to a function')


def arguments_in(module: Module, name: str) -> Callable[[Line], tuple[Any, ...]]:
    """What makes of a line the arguments of a call of what the module exports as *name*: an array is all of
    them, anything else the only one; "NaN", "Infinity", "-Infinity" are numbers where floats are wanted. It
    raises InputError."""
    floats = _floats(module, name)

    def arguments(line: Line) -> tuple[Any, ...]:
        value = line.value()
        found = value if isinstance(value, list) else [value]
        if any(isinstance(each, (dict, bool)) for each in found):
            raise line.error("an argument is a number, a string, an array of numbers or null")
        return tuple(_number(each) if index in floats else each for index, each in enumerate(found))

    return arguments


def _floats(module: Module, name: str) -> set[int]:
    """Which parameters of an export are floats, or arrays of them."""
    index = dict(exported(module)).get(name)
    if index is None:  # it is told when the program is there
        return set()
    takes = module.function_type(index).parameters
    return {at for at, code in enumerate(takes) if signature(module, code).removeprefix(ARRAY) in ("f", "d")}


def _number(value: Any) -> Any:
    """*value* with the numbers that JSON has none for."""
    if isinstance(value, list):
        return [_number(each) for each in value]
    return _BEYOND.get(value, value) if isinstance(value, str) else value


def told(result: Result) -> dict[str, Any]:
    """A result of a Line as JSON has it: all but what says nothing."""
    line: Line = result.input
    data: dict[str, Any] = {"index": line.index, "input": line.digest}
    error = result.error
    if error is not None:
        data["error"] = _error(error)
    elif result.status is None:
        data["value"] = _plain(result.value)
    else:
        data["status"] = result.status
    if result.output or result.status is not None:
        data["output"] = _text(result.output)
    if result.attempts != 1:
        data["attempts"] = result.attempts
    spent = {name: value for name, value in asdict(result.spent).items() if value is not None}
    return {**data, "spent": spent, "seconds": round(result.seconds, 6)}


def written(data: dict[str, Any]) -> bytes:
    """*data* as a line."""
    return escaped_json(json.dumps(data, ensure_ascii=False)).encode() + b"\n"


def _error(error: Exception) -> dict[str, Any]:
    said: dict[str, Any] = {"type": type(error).__name__}
    if isinstance(error, Stopped):
        kind = getattr(error, "kind", None)
        return {
            **said,
            **({"kind": kind} if kind else {}),
            "message": error.message,
            "function": error.function,
            "line": error.line,
        }
    return {**said, "message": str(error)}


def _text(data: bytes) -> Any:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (tuple, bytes, array.array)):
        return [_plain(each) for each in value]
    return value
