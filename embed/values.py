"""Values between Python and programs.

A signature has a letter for each type (c/tblvm.h): numbers go through typed views of the slots, which check
their ranges; strings and arrays are copied. For each signature a Python function is written that does just
what it asks for, as `dataclasses` does it: a call costs little more than the foreign call in it.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from ..core.printable import printable
from .library import ffi

# Of each number: the C type of the view, and how many of them a slot has.
NUMBERS = {"i": ("int32_t", 2), "l": ("int64_t", 1), "f": ("float", 2), "d": ("double", 1)}
# The same for who wants floats by their bits, as ints: Python's own float keeps no payload of an f32's NaN.
BITS = {**NUMBERS, "f": ("uint32_t", 2), "d": ("uint64_t", 1)}
# Of arrays of numbers: the type code of `array`, the C type; bytes for u8.
ELEMENTS = {
    "b": ("b", "int8_t"),
    "B": ("B", "uint8_t"),
    "h": ("h", "int16_t"),
    "H": ("H", "uint16_t"),
    "i": ("i", "int32_t"),
    "l": ("q", "int64_t"),
    "f": ("f", "float"),
    "d": ("d", "double"),
}
NAMES = {"i": "i32", "l": "i64", "f": "f32", "d": "f64", "s": "string", "c": "cells"}
NAMES |= {"b": "i8", "B": "u8", "h": "i16", "H": "u16", "o": "object", "a": "any", "F": "function"}
_LETTERS = {name: letter for letter, name in NAMES.items()}


def split(letters: str) -> tuple[str, ...]:
    """The types in one half of a signature."""
    found, at = [], 0
    while at < len(letters):
        end = at
        while letters[end] == "[":
            end += 1
        found.append(letters[at : end + 1])
        at = end + 1
    return tuple(found)


def parse(signature: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Types of parameters and of results."""
    takes, _, gives = signature.partition(">")
    return split(takes), split(gives)


def spelled(letters: str) -> str:
    """How people write a type: i32, string, u8[]."""
    depth = letters.count("[")
    return NAMES[letters[depth:]] + "[]" * depth


def shown(signature: str) -> str:
    """How people write a signature: (i32, string) -> f64."""
    takes, gives = ([spelled(each) for each in half] for half in parse(signature))
    text = f"({', '.join(takes)})"
    if gives:
        text += " -> " + (gives[0] if len(gives) == 1 else f"({', '.join(gives)})")
    return text


def read_signature(text: str) -> str:
    """The signature of text such as "(i32, u8[]) -> f64". Raises ValueError."""
    takes, arrow, gives = text.partition("->")
    halves = []
    for half in (takes, gives):
        words = [word.strip() for word in half.strip().removeprefix("(").removesuffix(")").split(",")]
        letters = ""
        for word in filter(None, words):
            name = word.rstrip("[] ")
            if name not in _LETTERS or word.count("[") != word.count("]"):
                raise ValueError(f"{text!r} is no signature: {word!r} is no type; write (i32, u8[]) -> f64")
            letters += "[" * word.count("[") + _LETTERS[name]
        halves.append(letters)
    if not arrow and not takes.strip().startswith("("):
        raise ValueError(f"{text!r} is no signature: write (i32, u8[]) -> f64")
    return ">".join(halves)


def passes(letters: str) -> bool:
    """Whether values of the type can leave a program or come in."""
    return letters in NUMBERS or letters in ("s", "c") or (letters[:1] == "[" and letters[1:] in ELEMENTS)


def _put_string(lib: Any, context: Any, slot: int, value: str | None) -> int:
    if value is None:
        return 0
    if not isinstance(value, str):
        raise TypeError("a string is wanted, or None")
    try:
        data, wide = value.encode("latin-1"), 0
    except UnicodeEncodeError:
        data, wide = value.encode("utf-16-le", "surrogatepass"), 1
    return int(lib.tblvm_put_string(context, slot, data, len(data) >> wide, wide))


def _take_string(lib: Any, context: Any, slot: int) -> str | None:
    count, wide = ffi().new("size_t *"), ffi().new("int *")
    at = lib.tblvm_string(context, slot, count, wide)
    if at == ffi().NULL:
        return None
    data = bytes(ffi().buffer(at, count[0] << wide[0]))
    return data.decode("utf-16-le", "surrogatepass") if wide[0] else data.decode("latin-1")


def _put_array(lib: Any, context: Any, slot: int, value: Any, letter: str) -> int:
    if value is None:
        return 0
    code, _ = ELEMENTS[letter]
    if isinstance(value, (bytes, bytearray)) and letter in "bB":
        data: Any = value
    elif isinstance(value, array.array) and value.typecode == code:
        data = value
    else:
        if isinstance(value, (str, bytes, bytearray)):
            raise TypeError(f"an array of {NAMES[letter]} is wanted, not {type(value).__name__}")
        data = array.array(code, value)
    count = len(data)
    return int(lib.tblvm_put_array(context, slot, ffi().from_buffer(data), count))


def _take_array(lib: Any, context: Any, slot: int, letter: str) -> Any:
    count, (code, ctype) = ffi().new("size_t *"), ELEMENTS[letter]
    size = ffi().sizeof(ctype)
    # Who does not believe its guest wants to know how much is read.
    checked = getattr(lib, "array_of", None)
    at = lib.tblvm_array(context, slot, count) if checked is None else checked(context, slot, count, size)
    if at == ffi().NULL:
        return None
    data = bytes(ffi().buffer(at, count[0] * size))
    return data if letter == "B" else array.array(code, data)


def _slot(letters: str, index: int) -> str:
    """The place of a number in its typed view."""
    return f"{letters}_[{index * NUMBERS[letters][1]}]"


def _take(letters: str, index: int) -> str:
    """An expression for the value in a slot."""
    if letters in NUMBERS:
        return _slot(letters, index)
    if letters == "s":
        return f"take_string(lib, context, {index})"
    return f"take_array(lib, context, {index}, {'i' if letters == 'c' else letters[1:]!r})"


def _put(letters: str, index: int, value: str) -> str:
    """A statement that puts a value into a slot."""
    if letters in NUMBERS:
        return f"{_slot(letters, index)} = {value}"
    if letters == "s":
        return f"full(put_string(lib, context, {index}, {value}))"
    return f"full(put_array(lib, context, {index}, {value}, {'i' if letters == 'c' else letters[1:]!r}))"


@cache
def _compiled(source: str) -> Any:
    return compile(source, "<tblvm>", "exec")


def _define(source: str, names: dict[str, Any]) -> Any:
    exec(_compiled(source), names)
    return names["function"]


def _views(slots: Any, types: Iterable[str], numbers: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    return {f"{each}_": ffi().cast(f"{numbers[each][0]} *", slots) for each in types if each in numbers}


def _full(status: int) -> None:
    if status:
        raise MemoryError("the program's heap has no room for it: set a larger memory limit")


def caller(
    lib: Any,
    context: Any,
    number: int,
    name: str,
    signature: str,
    *,
    running: list[bool],
    busy: Callable[[], BaseException],
    fail: Callable[[int], BaseException],
    enter: Callable[[Any], int],
    watch: Callable[[], Any] | None,
    bits: bool = False,
) -> Callable[..., Any]:
    """A function that calls the program's function *number*. name: for messages.

    running: whether the slots are in use, as its only element. busy, fail: make the exception for when they
    are, and for a status that is not 0. enter: `tblvm_enter`, or what does more. watch: starts the clock of a
    call; its answer is called at the end.
    bits: floats are ints, of their bits.
    """
    takes, gives = parse(signature)
    names = [f"a{index}" for index in range(len(takes))]
    body = []
    if any(each not in NUMBERS for each in takes):
        body.append("status = prepare(context, number)\nif status: raise fail(status)")
    if takes:
        puts = (_put(each, index, name) for index, (each, name) in enumerate(zip(takes, names, strict=True)))
        lines = ("try:", *(f"    {each}" for each in puts), "except (TypeError, OverflowError) as error:")
        body.append("\n".join((*lines, f"    raise misfit(error, {', '.join(names)}) from None")))
    if watch is not None:
        # Within another call the clock is that one's.
        body.append(
            "stop = None if outer else watch()\n"
            "try: status = enter(bound)\n"
            "finally: stop and stop()\n"
            "if status: raise fail(status)"
        )
    else:
        body.append("status = enter(bound)\nif status: raise fail(status)")
    results = [_take(each, index) for index, each in enumerate(gives)]
    several = f"({', '.join(results)})" if results else "None"
    body.append(f"return {results[0] if len(results) == 1 else several}")
    indented = "\n".join("        " + line for piece in body for line in piece.splitlines())
    source = (
        f"def function({', '.join([*names, '/'] if names else [])}):\n"
        # A list, not a lock, which would take as long as the call: threads that use one instance at the same
        # time are told so nearly always, and nothing is lost but their arguments where they are not.
        "    outer = running[0]\n"
        "    if outer and not nested(context): raise busy()\n"
        "    running[0] = True\n"
        f"    try:\n{indented}\n"
        "    finally: running[0] = outer\n"
    )
    made: Callable[..., Any] = _define(
        source,
        {
            **_views(lib.tblvm_slots(context), (*takes, *gives), BITS if bits else NUMBERS),
            "lib": lib,
            "context": context,
            "number": number,
            "bound": ffi().new("tblvm_bound *", (context, number)),
            "enter": enter,
            "nested": lib.tblvm_nested,
            # A library for a program without a heap has no such function, and nothing that needs it.
            "prepare": lib.tblvm_prepare if any(each not in NUMBERS for each in takes) else None,
            "running": running,
            "busy": busy,
            "fail": fail,
            "misfit": _misfit(f"{printable(name).decode()} takes {shown(''.join(takes) + '>')}"),
            "watch": watch,
            "full": _full,
            "put_string": _put_string,
            "take_string": _take_string,
            "put_array": _put_array,
            "take_array": _take_array,
        },
    )
    # Python's own message tells of arguments that are too many or too few, by this name.
    made.__name__ = made.__qualname__ = printable(name).decode()
    made.__doc__ = shown(signature)
    return made


def _misfit(wanted: str) -> Callable[..., BaseException]:
    """Makes the exception for arguments that do not fit."""

    def made(error: BaseException, *given: object) -> BaseException:
        types = ", ".join(type(each).__name__ for each in given)
        return type(error)(f"{wanted}, not ({types}): {error}")

    return made


def host(
    lib: Any, function: Callable[..., Any], signature: str, failed: Callable[[BaseException], int]
) -> Any:
    """A C function pointer by which a program calls *function*. failed: told the exception where it raises;
    gives the status.

    It takes as many of the arguments of a `tblvm_host` as it needs, from the first one on: each one that is
    handed to Python costs as much as the call. The ABIs of our targets pass them in registers, and a function
    that does not look at the last ones is none the wiser.
    """
    takes, gives = parse(signature)
    types = {*takes, *gives}
    numbers = types & set(NUMBERS)
    # The slots come as what most signatures want; what needs several views makes them.
    one = next(iter(numbers)) if len(types) == 1 and numbers else ""
    body = [f"{each}_ = cast('{NUMBERS[each][0]} *', slots)" for each in sorted(numbers)] if not one else []
    call = f"call({', '.join(_take(each, index) for index, each in enumerate(takes))})"
    if not gives:
        body.append(f"result = {call}\nif result is not None: raise surplus(result)")
    else:
        targets = ["result"] if len(gives) == 1 else [f"r{index}" for index in range(len(gives))]
        body.append(f"{', '.join(targets)} = {call}")
        if types != numbers:
            body.append("prepare(context, 0xffffffff)")
        puts = zip(gives, targets, strict=True)
        body += [_put(each, index, name) for index, (each, name) in enumerate(puts)]
    indented = "\n".join("        " + line for piece in body for line in piece.splitlines())
    if one:
        parameters, types_of_them = f"{one}_", f"{NUMBERS[one][0]} *"
    elif types:
        parameters, types_of_them = "slots, context", "uint64_t *, tblvm_context *"
    else:
        parameters, types_of_them = "", "void"
    source = (
        f"def function({parameters}):\n"
        f"    try:\n{indented}\n        return 0\n"
        "    except BaseException as error: return failed(error)\n"
    )
    python = _define(
        source,
        {
            "call": function,
            "cast": ffi().cast,
            "failed": failed,
            "lib": lib,
            "prepare": lib.tblvm_prepare if types != numbers else None,
            "full": _full,
            "surplus": lambda value: TypeError(f"it gives no result, not {value!r}"),
            "put_string": _put_string,
            "take_string": _take_string,
            "put_array": _put_array,
            "take_array": _take_array,
        },
    )
    return ffi().callback(f"int({types_of_them})", python)
