"""QuickJS: programs in JavaScript, with answers that are known or that Python's json gives too."""

from __future__ import annotations

import json

from ..given import Given
from ..hosts import Host, fixed
from ..machines import Machine, Open

_WASI = ("clock_time_get", "fd_close", "fd_fdstat_get", "fd_seek", "fd_write", "random_get")
# What no JavaScript here asks for: a clock of another place, to be interrupted, promises that nobody caught.
_HOST = {"host_get_timezone_offset": 0, "host_interrupt": 0, "host_promise_rejection": None}
_STACK = 32 * 1024
_MODULE = 1  # JS_EVAL_TYPE_MODULE
_MODULES = {
    "numbers": "export const six = 6; export default n => n * 7",
    "all": "export * from 'numbers'; export { default as times } from 'numbers'; export const here = import.meta.url",
}


class Engine:
    """A runtime and its context."""

    def __init__(self, open_: Open, given: Given) -> None:
        self.host = Host(given.seed)
        shim = {name: getattr(self.host, name) for name in _WASI}
        rest = {name: fixed(answer) for name, answer in _HOST.items()}
        rest["host_call"] = self._called
        rest["host_module_normalize"] = lambda base, name: self._text(self.machine.string(name).decode())[0]
        rest["host_module_load"] = self._module
        self.machine: Machine = open_({"wasi_snapshot_preview1": shim, "env": rest})
        self.host.machine = self.machine
        self.machine.call("_initialize")
        assert self.machine.call("qjs_init") == 0
        # Of its stack in memory: so that it ends before that of the engine below it does.
        self.machine.call("qjs_set_max_stack_size", _STACK)

    def _text(self, text: str) -> tuple[int, int]:
        data = text.encode()
        at = self.machine.call("wasm_malloc", len(data) + 1)
        self.machine.write(at, data + b"\0")
        return at, len(data)

    # Functions of the host, which call the engine again.

    def _called(self, name: int, size: int, this: int, count: int, arguments: int) -> int:
        """A value; 0 after an exception was thrown."""
        machine = self.machine
        values = [machine.u32(arguments + 4 * each) for each in range(count)]
        function = machine.read(name, size).decode()
        if function == "sum":
            found: int = machine.call(
                "qjs_new_number", sum(machine.call("qjs_get_float64", each) for each in values)
            )
            return found
        text = machine.call("qjs_get_string", values[0])
        code = machine.string(text).decode()
        machine.call("qjs_free_cstring", text)
        if function == "evaluate":
            return self._value(code, 0)
        at, length = self._text(code)
        thrown = machine.call("qjs_new_string", at, length)
        machine.call("wasm_free", at)
        machine.call("qjs_throw", thrown)
        machine.call("qjs_free_value", thrown)
        return 0

    def _module(self, name: int, size: int) -> int:
        """The source of a module, 0 where there is none."""
        source = _MODULES.get(self.machine.string(name).decode())
        if source is None:
            return 0
        at, length = self._text(source)
        self.machine.put(size, "I", length)
        return at

    def offer(self, name: str) -> None:
        """A function of the host, as a global of this name."""
        machine = self.machine
        at, size = self._text(name)
        value, world = machine.call("qjs_new_host_function", at, size, 0), machine.call("qjs_get_global")
        machine.call("qjs_set_prop_string", world, at, value)
        for each in (value, world):
            machine.call("qjs_free_value", each)
        machine.call("wasm_free", at)

    def _value(self, code: str, flags: int) -> int:
        (source, size), (name, _) = self._text(code), self._text("test.js")
        value: int = self.machine.call("qjs_eval", source, size, name, flags)
        for at in (source, name):
            self.machine.call("wasm_free", at)
        return value

    def run(self, code: str, flags: int = 0) -> tuple[str, str]:
        """Whether it is a value or an exception, and that as a string."""
        machine = self.machine
        value, kind = self._value(code, flags), "value"
        if machine.call("qjs_is_exception", value):
            machine.call("qjs_free_value", value)
            value, kind = machine.call("qjs_get_exception"), "exception"
        text = machine.call("qjs_get_string", value)
        found = machine.string(text).decode()
        machine.call("qjs_free_cstring", text)
        machine.call("qjs_free_value", value)
        while machine.call("qjs_is_job_pending"):
            assert machine.call("qjs_execute_pending_job") >= 0
        return kind, found


_KNOWN = (
    ("1 + 2 * 3", "7"),
    ("[3, 1, 2].sort().map(x => x ** 2).join()", "1,4,9"),
    ("(0.1 + 0.2).toString() + ' ' + (1e21).toString() + ' ' + (123.456).toFixed(1)", "0.30000000000000004 1e+21 123.5"),
    ("2n ** 100n + ''", str(2**100)),
    ("function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } f(15)", "610"),
    ("class A { #x = 1; get x() { return this.#x } static s = 2 } new A().x + A.s", "3"),
    ("[...'añ😀'].length + ' ' + 'straße'.toUpperCase() + ' ' + 'x'.padStart(3, 'ab')", "3 STRASSE abx"),
    ("'2024-02-29'.replace(/(\\d+)-(\\d+)-(?<day>\\d+)/u, '$<day>.$2.$1')", "29.02.2024"),
    ("const { a, ...rest } = { a: 1, b: 2, c: 3 }; JSON.stringify([a, rest])", '[1,{"b":2,"c":3}]'),
    ("function* g() { yield* [1, 2]; return 3 } [...g()].concat([...new Set([1, 1, 2])]).join('')", "1212"),
    ("var out = []; label: for (let i = 0; i < 5; i++) { for (;;) { if (i % 2) continue label; break } out.push(i) } out + ''", "0,2,4"),
    ("try { null.x } catch (e) { e instanceof TypeError }", "true"),
    ("new Date(86400000 * 365.25 * 30).toISOString()", "2000-01-01T12:00:00.000Z"),
    ("new Uint8Array(new Float64Array([Math.PI]).buffer).join()", "24,45,68,84,251,33,9,64"),
    ("[Math.sqrt(2), Math.sin(1), Math.hypot(3, 4), Math.clz32(1), Math.fround(5.5)].join()", "1.4142135623730951,0.8414709848078965,5,31,5.5"),
    ("var done = ''; (async () => { for await (const x of [1, Promise.resolve(2)]) done += x })(); done", ""),
    ("done", "12"),
    ("new Proxy({}, { get: (t, k) => k + '!' }).hello", "hello!"),
    ("eval('var v = 41; v + 1') + new Function('a', 'return a')(1)", "43"),
)  # fmt: skip
_THROWS = (
    "throw new RangeError('far')",
    "undefined.x",
    "let a = 1; let a = 2",
    "(function f() { f() })()",
    "BigInt(1.5)",
)
_SIEVE = """
(function (n) {
  const sieve = new Uint8Array(n + 1), primes = [];
  for (let i = 2; i <= n; i++) {
    if (sieve[i]) continue;
    primes.push(i);
    for (let j = i * i; j <= n; j += i) sieve[j] = 1;
  }
  return primes.length + ' ' + primes[primes.length - 1];
})(%d)
"""
_CALLS = (
    ("sum(1, 2.5, 3)", ("value", "6.5")),
    ("[1, 2, 3].map(n => sum(n, n)).join()", ("value", "2,4,6")),
    ("evaluate('sum(evaluate(`1 + 1`), 40)')", ("value", "42")),
    ("try { refuse('no') } catch (e) { e + '!' }", ("value", "no!")),
    ("(function f(n) { return n ? evaluate(`(${f})(${n - 1})`) + 1 : 0 })(5)", ("value", "5")),
    ("refuse('not at all')", ("exception", "not at all")),
)
_IMPORTS = "import { six, times, here } from 'all'; globalThis.answer = times(six) + ' ' + here"


def drive(open_: Open, given: Given) -> list[object]:
    """Values and exceptions of programs."""
    engine, numbers = Engine(open_, given), given.random()
    for code, answer in _KNOWN:
        assert engine.run(code) == ("value", answer), (code, engine.run(code))
    found: list[object] = [*map(engine.run, _THROWS)]
    assert all(kind == "exception" for kind, _ in found), found  # type: ignore[misc]
    assert engine.run(_SIEVE % 3000) == ("value", "430 2999")
    for name in ("sum", "evaluate", "refuse"):
        engine.offer(name)
    for code, told in _CALLS:
        assert engine.run(code) == told, (code, engine.run(code))
    engine.machine.call("qjs_set_module_loader", 1)
    engine.run(_IMPORTS, _MODULE)
    found += [engine.run("answer"), engine.run("import 'missing'", _MODULE)]
    for _ in range(5 * given.scale):
        value = {
            f"k{n}": [numbers.randint(-(10**9), 10**9), numbers.uniform(-1, 1), None, 'é\n"']
            for n in range(9)
        }
        kind, text = engine.run(f"JSON.stringify(JSON.parse({json.dumps(json.dumps(value))}))")
        assert kind == "value" and json.loads(text) == value, text
        found.append(text)
    found += [engine.run("Math.random()"), engine.run("Date.now()"), engine.run("new Error('x').stack")]
    return found
