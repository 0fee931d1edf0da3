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


def _imports(open_: Open, text: str) -> tuple[Machine, int, list[list[int]]]:
    machine = open_()
    at = _put(machine, text, len(text))
    if not machine.call("parse"):
        return machine, at, [[-1, machine.call("e")]]
    rows = []
    while machine.call("ri"):
        rows.append([machine.call(each) for each in ("is", "ie", "it", "ai", "id", "ip", "ss", "se")])
    return machine, at, rows


def _minimal(open_: Open, text: str) -> list[object]:
    machine, _, rows = _imports(open_, text)
    exported = []
    while rows[:1] != [[-1]] and machine.call("re"):
        exported.append([machine.call(each) for each in ("es", "ee", "els", "ele")])
    return [rows, [[*row, text[row[0] : row[1]]] for row in exported]]


def _whole(open_: Open, text: str) -> list[object]:
    machine, at, rows = _imports(open_, text)
    exported: list[object] = []
    while rows[:1] != [[-1]] and (record := machine.call("re")):
        start, end = (machine.u32(record + 4 * n) - (at & 0xFFFFFFFF) >> 1 for n in (0, 1))
        exported.append([start, end, text[start:end], machine.read(record + 20, 6).hex()])
    return [rows, exported, machine.call("f"), machine.call("ms")]


def _drive_commonjs(open_: Open, given: Given) -> list[object]:
    exports = ["first", "'second'", "third", "'fourth'", "fifth", "sixth", "seventh"]
    found = _commonjs(open_, _COMMONJS)
    assert found == [["'./spread'", "'external'"], [], exports], found
    return [found, *(_commonjs(open_, text) for text in _texts(given, _COMMONJS))]


def _drive_modules(parse: Callable[[Open, str], list[object]]) -> Callable[[Open, Given], list[object]]:
    def drive_(open_: Open, given: Given) -> list[object]:
        found = parse(open_, _MODULE)
        rows, exported = found[0], found[1]
        assert isinstance(rows, list) and isinstance(exported, list)
        quoted = [re.sub("['\"]", "", _MODULE[row[0] : row[1]]) for row in rows]
        specifiers = ["./a.js", "./b\\x2ejs", "./data.json", "./c.js", "./d.js", "./e.js", "import.meta"]
        assert quoted == [*specifiers, "somewhere + .js"], quoted
        names = [row[2] if parse is _whole else row[4] for row in exported if "*" not in row]
        assert names == ["three", "one", "regex", "default", "four"], names
        return [found, *(parse(open_, text) for text in _texts(given, _MODULE))]

    return drive_


_DRIVERS: dict[str, Callable[[Open, Given], list[object]]] = {
    "cjs-module-lexer": _drive_commonjs,
    "es-module-lexer": _drive_modules(_whole),
    "es-module-lexer/minimal": _drive_modules(_minimal),
}


def drive(open_: Open, given: Given) -> list[object]:
    """Imports and exports of texts in JavaScript."""
    return _DRIVERS[given.program.name](open_, given)
