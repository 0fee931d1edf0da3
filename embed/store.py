"""Stores: what instances have in common, and how programs become instances."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..core.errors import UsageError
from .console import Console
from .errors import LoadError
from .instance import Instance
from .library import EXCLUDED, address, ffi, library, registry, text
from .part import HostFunction, Part

if TYPE_CHECKING:
    from ..core.module import Module
    from ..core.registry import Registry

# What a program may use beyond what it is given: grant -> the micro-libraries without which it cannot.
GRANTS: Mapping[str, tuple[str, ...]] = {"clock": ("devices.time",), "screen": ("devices.screen",)}


class Store:
    """What instances have in common: a runtime, limits, host functions.

    features, plugins: as `tbbuild` takes them, for what the general runtime does not have. memory: bytes that
    the heap can have, and as many that the linear memories can; stack: cells; fuel: instructions of each
    instance; timeout: seconds of each call. grants: what programs may use besides: "clock", "screen" (a PNG
    file in the current folder). imports: module name -> name -> function (or HostFunction). stdin, stdout: of
    `call`: bytes, text or a file; without them the process's own.

    Raises UsageError for a grant, feature or limit that does not exist, and what building the runtime raises.
    """

    def __init__(
        self,
        *,
        features: Iterable[str] = (),
        plugins: Iterable[str | Path] = (),
        memory: int | None = None,
        stack: int | None = None,
        fuel: int | None = None,
        timeout: float | None = None,
        grants: Iterable[str] = (),
        imports: Mapping[str, Mapping[str, Callable[..., Any] | HostFunction]] | None = None,
        stdin: bytes | str | IO[bytes] | None = None,
        stdout: Any = None,
    ) -> None:
        self.timeout = _seconds(timeout)
        self._registry = registry(tuple(map(str, plugins)))
        self._features = tuple(features)
        self._withheld = _withheld(grants)
        self._denied = tuple(library for grant in self._withheld for library in GRANTS[grant])
        self._limits = {"heap": memory, "linear": memory, "stack": stack, "fuel": fuel}
        self._imports = {module: dict(names) for module, names in (imports or {}).items()}
        self._streams = (stdin, stdout)
        self._lock = threading.RLock()
        self._parts: dict[Any, Part] = {}

    def load(self, program: str | Path | bytes | Module, *, timeout: float | None = None) -> Instance:
        """An instance of *program*: a file (.tba, .tbc), a file's content, or a module.

        timeout: seconds of each call, in place of the store's. Raises LoadError where the module cannot be
        loaded, SourceError for a source that does not translate, UsageError for what is no program.
        """
        name, module, content = _program(program, self._registry)
        if content is None:
            from ..core import tbc
            from ..stack import verify

            content = tbc.write(verify(module, self._registry.isa).module)
        seconds = self.timeout if timeout is None else _seconds(timeout)
        part = self._part(module)
        made = self._make(part, module, content)
        if isinstance(made, LoadError) and made.status == EXCLUDED:
            # What the general runtime has not, one for this program may have: another allocator.
            other = self._part(module, exactly=True)
            made = self._make(other, module, content) if other is not part else made
            part = other
        if isinstance(made, LoadError):
            # What was left out may be what is missing.
            hint = f" (not granted: {', '.join(self._withheld)})" if made.status == EXCLUDED else ""
            raise LoadError(f"{name}: {made}{hint if self._withheld else ''}", made.status) from None
        instance = Instance(self, part, made, seconds)
        if self._streams != (None, None):
            part.consoles[address(made)] = Console(*self._streams)
        return instance

    def _part(self, module: Module, *, exactly: bool = False) -> Part:
        from ..builder.runtimes import features_for, words

        features: tuple[str, ...] = ("collector",)
        plain = all(
            self._registry.isa.pages[page.name].prefix is not None
            for page in module.pages
            if page.name in self._registry.isa.pages
        )
        if exactly or not plain:
            from ..stack import verify

            features = features_for(self._registry, verify(module, self._registry.isa))
        given = [*words(self._registry, "shared", dict.fromkeys((*features, *self._features)))]
        if self._denied:
            given += ["--deny", ",".join(self._denied)]
        lib = library(given)
        with self._lock:
            if lib not in self._parts:
                self._parts[lib] = Part(lib, self._limits)
            return self._parts[lib]

    def _make(self, part: Part, module: Module, content: bytes) -> Any:
        """The context of a new instance, or a LoadError."""
        with self._lock:
            if self._streams != (None, None):
                part.use_consoles()
            for each in module.imports:
                function = self._imports.get(each.module, {}).get(each.name)
                if function is not None:
                    part.define(each.module, each.name, module, each.type, function)
            # What a module asks for stands above the defaults and below what the host says.
            for name, least in (("heap", module.min_heap), ("stack", module.min_stack)):
                if self._limits[name] is None:
                    part.limit(name, least or int(self._registry.options[name][1].default))
            found = ffi().new("tblvm_context **")
            status = part.lib.tblvm_load(part.store, content, len(content), found)
            if status:
                return LoadError(text(part.lib.tblvm_store_error(part.store)), status)
            return found[0]


def _seconds(timeout: float | None) -> float | None:
    if timeout is not None and not timeout > 0:
        raise UsageError(f"a timeout is a number of seconds above 0, not {timeout}")
    return timeout


def _withheld(grants: Iterable[str]) -> tuple[str, ...]:
    from ..core.registry import choose

    return tuple(sorted(set(GRANTS) - {choose("grant", each, GRANTS) for each in grants}))


def _program(program: Any, known: Registry) -> tuple[str, Module, bytes | None]:
    """Its name for messages, the module, and the file's bytes where it is a .tbc file."""
    from ..core.command import read_file
    from ..core.module import Module
    from ..core.tbc import read

    if isinstance(program, Module):
        return "module", program, None
    if isinstance(program, (bytes, bytearray)):
        name, content = "module", bytes(program)
    else:
        name, content = str(program), read_file(Path(program))
    if content.startswith(b"TBCO"):
        return name, read(content), content
    from ..builder.pipeline import translate

    return name, translate(content, name, known), None


def load(program: str | Path | bytes | Module, **given: Any) -> Instance:
    """An instance of *program*, in a store of its own.

        vm = tblvm.load("fib.tba", fuel=1_000_000)
        vm.call("fib", 20)

    program: a file (.tba, .tbc), a file's content, or a module. What else is given is as for Store: features,
    plugins, memory, stack, fuel, timeout, grants, imports, stdin, stdout. Raises what Store and its load
    raise.
    """
    return Store(**given).load(program)
