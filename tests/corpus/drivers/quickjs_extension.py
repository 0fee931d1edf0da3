"""Extensions of QuickJS: shared libraries of WebAssembly, which import the memory, the table and the functions of the
engine, and are linked here as `dylink.0` says (WebAssembly/tool-conventions, DynamicLinking.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..fetch import content
from ..given import Given
from ..machines import Machine, Open, exported, wanted
from ..manifest import program
from .quickjs import Engine

_MEMORY_INFO = 1
_TABLE = "__indirect_function_table"


def _leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def _needs(data: bytes) -> tuple[int, int]:
    """Bytes of memory and elements of the table that a library needs: section dylink.0, the first one."""
    at = 9  # behind the header and the section's number
    _, at = _leb(data, at)
    size, at = _leb(data, at)
    assert data[at : at + size] == b"dylink.0" and data[at + size] == _MEMORY_INFO
    _, at = _leb(data, at + size + 1)
    memory, at = _leb(data, at)
    _, at = _leb(data, at)
    return memory, _leb(data, at)[0]


def _late(name: str, functions: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """A function that is known once the library is there."""
    return lambda *arguments: functions[name](*arguments)


def link(open_: Open, engine: Engine) -> Machine:
    """The library, beside the engine and started."""
    main, data = engine.machine, open_.content
    memory, elements = _needs(data)
    base = main.call("malloc", memory)
    main.write(base, bytes(memory))
    first = main.grow(_TABLE, elements)
    offered, own = exported(content(program("quickjs"))), exported(data)
    later: dict[str, Callable[..., Any]] = {}
    imports: dict[str, dict[str, Any]] = {}
    for module, name, kind in wanted(data):
        if name in ("__memory_base", "__table_base"):
            value = main.make_global(base if name == "__memory_base" else first, mutable=False)
        elif module == "GOT.func":  # where the table has a function
            at = 0
            if name in offered:
                at = main.grow(_TABLE, 1)
                main.set_element(_TABLE, at, main.export(name))
            value = main.make_global(at, mutable=True)
        elif module == "GOT.mem":
            value = main.make_global(0, mutable=True)
        elif name in offered:
            value = main.export(name)
        else:  # of the library itself, where one can be both
            assert kind == "function", (module, name, kind)
            value = _late(name, later)
        imports.setdefault(module, {})[name] = value
    library = open_(imports, beside=main)
    later |= {name: _caller(library, name) for name in own}
    for name in ("__wasm_apply_data_relocs", "__wasm_call_ctors"):
        if name in own:
            library.call(name)
    [start] = [name for name in own if name.startswith("qjs_ext_") and name.endswith("_init")]
    assert library.call(start, main.call("qjs_get_context_ptr"), main.call("qjs_get_runtime_ptr")) == 0
    return library


def _caller(machine: Machine, name: str) -> Callable[..., Any]:
    return lambda *arguments: machine.call(name, *arguments)


_KNOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "encoding": (
        ("new TextEncoder().encode('añ€😀').join()", "97,195,177,226,130,172,240,159,152,128"),
        ("new TextDecoder().decode(new Uint8Array([0x61, 0xc3, 0xb1, 0xff]))", "añ\ufffd"),
        ("new TextDecoder().decode(new TextEncoder().encode('x'.repeat(5000))).length", "5000"),
    ),
    "headers": (
        ("var h = new Headers({ 'X-One': '1', accept: 'a' }); h.append('Accept', 'b'); h.get('ACCEPT')", "a, b"),
        ("h.delete('x-one'); [...h.keys()].join() + h.has('x-one')", "acceptfalse"),
        ("try { new Headers({ 'not ok': '1' }) } catch (e) { e instanceof TypeError }", "true"),
    ),
    "structured-clone": (
        ("var o = { d: new Date(5), m: new Map([[1, { x: [1, 2] }]]) }; o.self = o; var c = structuredClone(o); c.self === c", "true"),
        ("c.m.get(1).x.join() + c.d.getTime() + (c.m !== o.m)", "1,25true"),
        ("try { structuredClone(() => 1) } catch (e) { e.name }", "DataCloneError"),
    ),
    "url": (
        ("new URL('../b?q=1#f', 'http://user:pw@Example.ORG:8080/a/x/y').href", "http://user:pw@example.org:8080/a/b?q=1#f"),
        ("new URL('http://münchen.de/ä').host", "xn--mnchen-3ya.de"),
        ("new URLSearchParams('a=1&b=%20x&a=2').getAll('a').join()", "1,2"),
        ("try { new URL('no url') } catch (e) { e instanceof TypeError }", "true"),
    ),
}  # fmt: skip


def drive(open_: Open, given: Given) -> list[object]:
    """What JavaScript gets from the library."""
    open_main = _Main(open_)
    engine = Engine(open_main, given)
    link(open_, engine)
    found = []
    for code, answer in _KNOWN[given.program.name.rpartition("/")[2]]:
        found.append(engine.run(code))
        assert found[-1] == ("value", answer), code
    return [*found]


class _Main:
    """Opens the engine in place of the library."""

    def __init__(self, open_: Open) -> None:
        self.content = content(program("quickjs"))
        self._open = open_

    def __call__(self, imports: Any, **more: Any) -> Machine:
        return self._open(imports, content=self.content)
