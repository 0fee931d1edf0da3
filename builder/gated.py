"""Native code that does not come with tblvm itself, behind a gate: what is called so, and what is refused.

Where a runtime has interface `plugin-gate`, the C functions of other distributions' micro-libraries are
called by whoever fills it, with fewer rights than the engine has: they take and give numbers, and reach
linear memory. What is more than that is refused, unless whoever asks for the runtime trusts the plug-in by
name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any
from weakref import WeakKeyDictionary

from ..core.forms import forms
from ..core.parts import MicroLibrary
from ..core.registry import Registry, choose
from ..opcodes import Service
from .artifacts import PLUGIN_GATE

# What a micro-library may have: nothing of it becomes part of other code.
_HARMLESS = frozenset(
    (
        *("name", "doc", "room", "size", "requires", "conflicts", "sources", "headers", "services", "traps"),
        *(
            "recursive",
            "comes_along",
            "options",
            "constants",
            "generated",
            "ways_out",
            "imports",
            "faster_in",
        ),
    )
)
_NUMBERS = frozenset(("i1", "i32", "i64", "f32", "f64"))
_EFFECTS = frozenset(("writes linear memory",))


def gated(registry: Registry, interfaces: Iterable[str], trust: Iterable[str]) -> frozenset[str]:
    """The micro-libraries whose functions are called by the gate, where there is one among *interfaces*.
    trust: names of micro-libraries and of plug-ins. Raises UsageError for names that are neither."""
    trusted = set(trust)
    known = {*registry.libraries, *(each.name for each in registry.plugins)}
    for name in trusted - known:
        choose("plug-in or micro-library", name, known)
    if PLUGIN_GATE not in interfaces:
        return frozenset()
    return frozenset(name for name, plugin in registry.foreign.items() if not {name, plugin} & trusted)


def obstacle(library: MicroLibrary, registry: Registry) -> str:
    """Why *library* cannot be behind a gate, or nothing."""
    for field in fields(library):
        usual = field.default if field.default_factory is MISSING else field.default_factory()
        if field.name not in _HARMLESS and getattr(library, field.name) != usual:
            return f"its {field.name.replace('_', ' ')} would be part of the engine"
    for service in _services(registry).get(library.name, ()):
        if not _NUMBERS.issuperset(service.parameters) or service.result not in (*_NUMBERS, ""):
            return f"its service {service.name} takes or gives more than numbers"
        if beyond := sorted(service.effects - _EFFECTS):
            return f"its service {service.name} {beyond[0]}"
    for each in library.imports:
        if each.ends:
            return f"its function {each.module}.{each.name} can end the program"
    return ""


_Services = Mapping[str, tuple[Service[Any, Any], ...]]
_found: WeakKeyDictionary[Registry, _Services] = WeakKeyDictionary()


def _services(registry: Registry) -> _Services:
    """The services that the opcodes of other distributions call, by the micro-library that has them."""
    if registry not in _found:
        found: dict[str, dict[Service[Any, Any], None]] = {}
        for opcode in registry.isa:
            for declaration in opcode.declarations:
                for form in forms(declaration) if declaration.library in registry.foreign else ():
                    for node in form.graph.nodes:
                        if isinstance(node.attribute, Service):
                            found.setdefault(node.attribute.library, {})[node.attribute] = None
        _found[registry] = {name: tuple(those) for name, those in found.items()}
    return _found[registry]
