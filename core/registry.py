"""Registry: everything that plug-ins contribute, as a value that is passed around.

`load()` finds plug-ins by their entry points in the group `tblvm`; built-in rooms are found the same
way. A plug-in can also be a single file, a folder with a `plugin.py` or a package, named by its path.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy

from ..opcodes import DslError, Isa, OpcodeSet
from . import guard, hookspecs, tracing
from .errors import UsageError
from .names import GROUP, TRACE
from .parts import (
    Engine,
    FrontEnd,
    MicroLibrary,
    Mode,
    NativeImport,
    Option,
    Pass,
    ReportFormat,
    Target,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    import click


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A loaded plug-in: its name; where it came from, a distribution and version or a file; its module; path:
    how `-p` named it, "" where it is installed; own: whether it comes with tblvm itself."""

    name: str
    origin: str
    module: ModuleType = field(repr=False)
    path: str = ""
    own: bool = False

    @property
    def way_out(self) -> str:
        """How a message goes on that says to leave it out."""
        return "" if self.path else f" with -p no:{self.name}"


N = TypeVar("N")


class Registry:
    """What the loaded plug-ins contribute. Raises UsageError when their contributions conflict."""

    def __init__(self, manager: pluggy.PluginManager, plugins: tuple[PluginInfo, ...]) -> None:
        self._hook = manager.hook
        self._asked: dict[str, list[tuple[PluginInfo, list[Any]]]] = {}
        self.plugins = plugins

    @property
    def paths(self) -> tuple[str, ...]:
        """How `-p` named the plug-ins that are not installed."""
        return tuple(each.path for each in self.plugins if each.path)

    def contributions(self, plugin: PluginInfo) -> dict[str, tuple[str, ...]]:
        """What *plugin* adds: "opcodes", "micro libraries", … -> names, in their order."""
        found: dict[str, tuple[str, ...]] = {}
        for hook in (name for name in vars(hookspecs) if name.startswith("tblvm_")):
            for each, answer in self._answers(hook):
                if each is plugin:
                    names = (name for part in answer for name in tracing.contributed(part))
                    found[hook.removeprefix("tblvm_").replace("_", " ")] = tuple(dict.fromkeys(names))
        return found

    def _ask(self, hook: str) -> list[Any]:
        """What all plug-ins give for *hook*, in the order of loading."""
        return [each for _, answer in self._answers(hook) for each in answer]

    def _answers(self, hook: str) -> list[tuple[PluginInfo, list[Any]]]:
        """What each plug-in gives for *hook*, asked once. Raises UsageError for one that fails (guard.py)."""
        if hook in self._asked:
            return self._asked[hook]
        call = getattr(self._hook, hook)
        asked = [each for each in call.get_hookimpls() if not (each.hookwrapper or each.wrapper)]
        infos = {id(info.module): info for info in self.plugins}
        plugins = [infos.get(id(each.plugin)) or _unlisted(each) for each in asked]
        # pluggy asks the plug-in that was registered last first.
        answers = [list(answer) for answer in reversed(call())]
        self._asked[hook] = list(zip(plugins, answers, strict=True))
        return self._asked[hook]

    def source(self, what: str, name: str) -> PluginInfo:
        """The plug-in that adds *name*, which is there, to *what*, as `contributions` calls it."""
        return next(each for each in self.plugins if name in self.contributions(each).get(what, ()))

    @cached_property
    def opcode_sets(self) -> tuple[OpcodeSet, ...]:
        """The declared opcodes, by page and micro-library."""
        return tuple(self._ask("tblvm_opcodes"))

    @cached_property
    def isa(self) -> Isa:
        """The instruction set of all pages."""
        try:
            return Isa(self.opcode_sets)
        except DslError as error:
            raise UsageError(f"the installed plug-ins' opcodes conflict: {error}") from None

    @cached_property
    def libraries(self) -> dict[str, MicroLibrary]:
        """Micro-libraries by name."""
        found = _by_name("micro-library", self._ask("tblvm_micro_libraries"))
        for each in self.opcode_sets:
            # Opcodes that need no C need not say more about their library than its name.
            if each.library not in found and each.declarations:
                home = Path(each.declarations[0].function.__code__.co_filename).parent
                found[each.library] = MicroLibrary(each.library, f"opcodes of page {each.page.name}", home)
        interfaces = {interface: each.name for each in found.values() for interface in each.provides}
        for name in set(interfaces) & set(found):
            raise UsageError(f"{name} is the name of a micro-library and an interface of {interfaces[name]}")
        return found

    @cached_property
    def foreign(self) -> Mapping[str, str]:
        """The micro-libraries that do not come with tblvm itself: name -> the plug-in that adds it."""
        return {
            name: plugin.name
            for hook in ("tblvm_micro_libraries", "tblvm_opcodes")
            for plugin, answer in self._answers(hook)
            if not plugin.own
            for name in (each.library if isinstance(each, OpcodeSet) else each.name for each in answer)
        }

    @cached_property
    def interfaces(self) -> dict[str, tuple[MicroLibrary, ...]]:
        """The micro-libraries that fill each interface, smallest first, then by name."""
        found: dict[str, list[MicroLibrary]] = {}
        for each in self.libraries.values():
            for interface in each.provides:
                found.setdefault(interface, []).append(each)
        return {name: tuple(sorted(those, key=lambda x: (x.size, x.name))) for name, those in found.items()}

    @cached_property
    def imports(self) -> dict[tuple[str, str], tuple[MicroLibrary, NativeImport]]:
        """What programs can import, by module and name, each with the micro-library that has it. Raises
        UsageError where two have the same."""
        found: dict[tuple[str, str], tuple[MicroLibrary, NativeImport]] = {}
        for library in self.libraries.values():
            for each in library.imports:
                if each.key in found:
                    other = found[each.key][0].name
                    raise UsageError(
                        f"{other} and {library.name} both offer {each.module}.{each.name} to programs"
                    )
                found[each.key] = (library, each)
        return found

    @cached_property
    def options(self) -> dict[str, tuple[MicroLibrary, Option]]:
        """Options by name, each with the micro-library that has it."""
        found: dict[str, tuple[MicroLibrary, Option]] = {}
        for library in self.libraries.values():
            for option in library.options:
                if option.name in found and option != found[option.name][1]:
                    other = found[option.name][0].name
                    raise UsageError(f"{other} and {library.name} both have an option {option.name}")
                found.setdefault(option.name, (library, option))
        return found

    @cached_property
    def source_options(self) -> dict[str, Option]:
        """Options of front-ends by name."""
        found: dict[str, Option] = {}
        for front_end in self.front_ends:
            for option in front_end.options:
                if option.name in found or option.name in self.options:
                    raise UsageError(
                        f"there is another option {option.name} than that of front-end {front_end.name}"
                    )
                found[option.name] = option
        return found

    @cached_property
    def front_ends(self) -> tuple[FrontEnd, ...]:
        return tuple(_by_name("front-end", self._ask("tblvm_front_ends")).values())

    @cached_property
    def passes(self) -> dict[str, Pass]:
        return _by_name("pass", self._ask("tblvm_passes"))

    @cached_property
    def commands(self) -> dict[str, click.Command]:
        return _by_name("command", self._ask("tblvm_commands"))

    @cached_property
    def engines(self) -> dict[str, Engine]:
        return _by_name("engine", self._ask("tblvm_engines"))

    @cached_property
    def targets(self) -> dict[str, Target]:
        return _by_name("target", self._ask("tblvm_targets"))

    @cached_property
    def modes(self) -> dict[str, Mode]:
        return _by_name("mode", self._ask("tblvm_modes"))

    @cached_property
    def report_formats(self) -> dict[str, ReportFormat]:
        return _by_name("report format", self._ask("tblvm_report_formats"))


def _unlisted(implementation: pluggy.HookImpl) -> PluginInfo:
    """A plug-in that somebody registered by hand."""
    name = implementation.plugin_name
    return PluginInfo(name, name, cast("ModuleType", implementation.plugin))


def _by_name(what: str, found: Iterable[N]) -> dict[str, N]:
    named: dict[str, N] = {}
    for each in found:
        name: str = each.name  # type: ignore[attr-defined]
        if name in named:
            raise UsageError(f"two plug-ins both have a {what} called {name}")
        named[name] = each
    return named


def choose(what: str, name: str, known: Iterable[str]) -> str:
    """*name* if it is known. Raises UsageError with a suggestion if it is not."""
    names = sorted(known)
    if name in names:
        return name
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(names)}"
    raise UsageError(f"no {what} is called {name}; {hint}")


def load(paths: Iterable[str | Path] = (), *, autoload: bool | None = None) -> Registry:
    """The registry of the installed plug-ins and of those at *paths*.

    paths: files and folders; names of installed plug-ins, which are loaded then whatever *autoload* says;
    `no:NAME` for installed ones that are left out. autoload: whether plug-ins of other distributions are
    loaded; by default unless the environment has TBLVM_DISABLE_PLUGIN_AUTOLOAD. Raises UsageError for a
    plug-in that does not load.
    """
    from importlib.metadata import entry_points

    if autoload is None:
        autoload = not os.environ.get("TBLVM_DISABLE_PLUGIN_AUTOLOAD")
    manager = pluggy.PluginManager("tblvm")
    manager.add_hookspecs(hookspecs)
    labels: dict[str, str] = {}
    if os.environ.get(TRACE, "0") not in ("", "0"):
        tracing.trace(manager, labels)
    infos: list[PluginInfo] = []
    points = sorted(entry_points(group=GROUP), key=lambda p: (not p.value.startswith("tblvm."), p.name))
    wanted, off, paths = _selected(map(str, paths), {point.name for point in points})
    for point in points:
        loads = autoload or point.value.startswith("tblvm.") or point.name in wanted
        if not loads or point.name in off:
            continue
        if manager.has_plugin(point.name):  # an editable install can be listed twice
            continue
        try:
            module = point.load()
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"plug-in {point.name} ({point.value}) does not load: {guard.told(error)}; "
                f"uninstall it, or leave it out with -p no:{point.name}"
            ) from error
        origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        guard.register(manager, module, point.name, point.name)
        infos.append(PluginInfo(point.name, origin, module, own=_is_own(point)))
        labels[point.name] = f"{point.name} ({origin})"
    for each in paths:
        path = Path(each)
        module = _load_path(path)
        if not manager.has_plugin(module.__name__):
            guard.register(manager, module, module.__name__, str(path))
            infos.append(PluginInfo(path.stem, str(path), module, str(path)))
            labels[module.__name__] = str(path)
    return Registry(manager, tuple(infos))


def _is_own(point: EntryPoint) -> bool:
    """Whether an entry point is one of tblvm's distribution: others can have modules in its package, too."""
    return point.value.startswith("tblvm.") and (point.dist is None or point.dist.name == "tblvm")


def _selected(given: Iterable[str], installed: set[str]) -> tuple[set[str], set[str], list[str]]:
    """The installed plug-ins that are named, those that are left out, and paths of others."""
    wanted: set[str] = set()
    off: set[str] = set()
    paths = []
    for each in given:
        if each.startswith("no:"):
            off.add(choose("plug-in", each.removeprefix("no:"), installed))
        elif each in installed and not Path(each).exists():
            wanted.add(each)
        else:
            paths.append(each)
    return wanted, off, paths


def _load_path(path: Path) -> ModuleType:
    """Import a plug-in from a file, or from a folder with a plugin.py or of a package."""
    files = (path / "plugin.py", path / "__init__.py") if path.is_dir() else (path,)
    file = next((each for each in files if each.is_file()), None)
    if file is None:
        raise UsageError(
            f"there is no plug-in at {path}: name a Python file, or a folder with a plugin.py or __init__.py"
        )
    # The same file is the same plug-in however often it is loaded: its opcodes are compared by identity.
    name = f"tblvm_loose_{path.stem}_{abs(hash(str(file.resolve()))):x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, (Exception, SystemExit)):
            raise UsageError(f"plug-in {path} does not load: {guard.told(error)}") from error
        raise
    return module
