"""cjs-module-lexer and es-module-lexer: what a JavaScript file imports and exports. The source is UTF-16 in memory;
the answer is walked through by calls, as positions in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..given import Given
from ..machines import Machine, Open

_ROOT = Path(__file__).parents[3]
# One page is what cjs-module-lexer has, without its host making it larger.
_LONGEST = 5000

_COMMONJS = """\
'use strict';
// exports.commented = 1;
exports.first = require('./one');
exports['second'] = `exports.inTemplate = ${exports.third = 3}`;
Object.defineProperty(exports, 'fourth', { enumerable: true, value: /exports.inRegex/g });
module.exports.fifth = function () { return "exports.inString = 1" };
module.exports = { sixth, seventh, ...require('./spread') };
__exportStar(require('external'), exports);
"""
_MODULE = """\
import first, { second as two } from './a.js';
import * as all from "./b\\x2ejs";
import data from './data.json' with { type: 'json' };
export { three } from './c.js';
export * from './d.js';
/* import nothing from 'commented'; */
const text = `import('in-template') ${ await import('./e.js') }`;
export const one = 1, regex = /import 'x'/;
export default class Name {}
export function four() { return import.meta.url }
const late = import(somewhere + '.js');
"""


def _texts(given: Given, marks: str) -> list[str]:
    """JavaScript: what this repository has of it, and lines of the sample in any order."""
    files = sorted({*_ROOT.glob("builder/*.js"), *_ROOT.glob("*/c/**/*.mjs"), *_ROOT.glob("tools/**/*.js")})
    texts = [path.read_text()[:_LONGEST] for path in files]
    numbers = given.random()
    for _ in range(10 * given.scale):
        lines = marks.splitlines(keepends=True)
        numbers.shuffle(lines)
        texts.append("".join(lines[: numbers.randint(1, len(lines))]))
    return [each.encode("utf-16-le").decode("utf-16-le") for each in texts]


def _put(machine: Machine, text: str, room: int) -> int:
    at = int(machine.call("sa", room))
    machine.write(at, text.encode("utf-16-le"))
    return at


def _commonjs(open_: Open, text: str) -> list[object]:
    machine = open_()
    at = _put(machine, text, len(text) + 1)
    error = machine.call("parseCJS", at, len(text), 0, 0, 0, 0)
    if error:
        return ["error", error, machine.call("e")]

    def names(more: str, start: str, end: str) -> list[object]:
        found: list[object] = []
        while machine.call(more):
            found.append(text[machine.call(start) : machine.call(end)])
        return found

    return [names("rre", "res", "ree"), names("ru", "us", "ue"), names("re", "es", "ee")]


def _module(open_: Open, text: str) -> tuple[list[list[int]], list[tuple[int, int, int, int, str]]]:
    """Imports, then exports with their names; or where the text is wrong."""
    machine = open_()
    _put(machine, text, len(text))
    imported, exported = [], []
    if not machine.call("parse"):
        return [[-1, machine.call("e")]], []
    while machine.call("ri"):
        imported.append([machine.call(each) for each in ("is", "ie", "it", "ai", "id", "ip", "ss", "se")])
    while machine.call("re"):
        start, end, local, last = (machine.call(each) for each in ("es", "ee", "els", "ele"))
        exported.append((start, end, local, last, text[start:end]))
    return imported, exported


def _drive_commonjs(open_: Open, given: Given) -> list[object]:
    exports = ["first", "'second'", "third", "'fourth'", "fifth", "sixth", "seventh"]
    found = _commonjs(open_, _COMMONJS)
    assert found == [["'./spread'", "'external'"], [], exports], found
    return [found, *(_commonjs(open_, text) for text in _texts(given, _COMMONJS))]


def _drive_modules(open_: Open, given: Given) -> list[object]:
    rows, exported = _module(open_, _MODULE)
    specifiers = [re.sub("['\"]", "", _MODULE[row[0] : row[1]]) for row in rows]
    local = ["./a.js", "./b\\x2ejs", "./data.json", "./c.js", "./d.js", "./e.js"]
    assert specifiers == [*local, "import.meta", "somewhere + .js"], specifiers
    assert [name for *_, name in exported] == ["three", "one", "regex", "default", "four"], exported
    return [_module(open_, text) for text in [_MODULE, *_texts(given, _MODULE)]]


_DRIVERS: dict[str, Callable[[Open, Given], list[object]]] = {
    "cjs-module-lexer": _drive_commonjs,
    "es-module-lexer": _drive_modules,
}


def drive(open_: Open, given: Given) -> list[object]:
    """Imports and exports of texts in JavaScript."""
    return _DRIVERS[given.program.name](open_, given)
