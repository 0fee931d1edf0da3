"""resolve: from what the program needs and what was asked for to the plan of a runtime.

It works like a package manager: pages, services and interfaces follow from the program; `requires`
closes the set; features add and pin; `--only`, `--deny` and the mode restrict. Ties between libraries
that fill the same interface go to the fastest where the mode asks for speed, to the fewest bytes, then to the
name. Every choice keeps its reasons.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import PolicyError, UsageError
from ..core.parts import Engine, MicroLibrary, Mode, NativeImport, Option, Target
from ..core.registry import Registry, choose
from ..core.superinstructions.profile import Profile
from ..core.verified import Verified
from ..opcodes import Service, Trap, types
from .artifacts import EXE, Kind
from .gated import gated, obstacle
from .need import Asked, Imported, Need
from .rows import Passed
from .runtimes import ENGINE

# The interface of what calls the C functions that programs import.
NATIVES = "natives"
# The interface of what makes the system calls: each target has its own.
_PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for. features: to add or pin; only: None, or all that may be used; deny: what
    may not; mode, engine, target by name ("": what is usual for the artifact); options: name -> value;
    artifact: the kind of artifact; cell_bits: the least width of cells, which 64-bit values make 64; bundle:
    by name, programs that the program can run; passes: optimiser passes in their order, None for those that
    are default; invoke: a call of an export, in place of the program's entry point; origins: of options and
    of the fields here by name, where they come from; source: options of front-ends, name -> value; trust:
    plug-ins and micro-libraries whose native code may do what the engine may; profile: what runs executed."""

    features: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    mode: str = "default"
    engine: str = ENGINE
    target: str = ""
    options: Mapping[str, int | str] = field(default_factory=dict)
    artifact: Kind = EXE
    cell_bits: int = 32
    bundle: Mapping[str, Verified] = field(default_factory=dict)
    passes: tuple[str, ...] | None = None
    invoke: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, int | str] = field(default_factory=dict)
    trust: tuple[str, ...] = ()
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The builder's answer for one program: what goes into its runtime, each with all its reasons.

    unused: options that were asked for and that nothing in the plan has. bundle: by name, programs that the
    program can run. request: what it answers. askers: for each micro-library, sets of others any of which,
    when all in it are there, brings it in; an empty set is the program, a person or the target.
    passed: the optimiser passes that the programs went through. natives: the functions of micro-libraries
    that programs import. gated: micro-libraries whose C functions are called by a gate (builder/gated.py);
    crossing: those functions.
    """

    need: Need
    libraries: tuple[MicroLibrary, ...]
    reasons: Mapping[str, tuple[str, ...]]
    interfaces: Mapping[str, str]
    options: Mapping[str, int | str]
    origins: Mapping[str, str]
    unused: tuple[str, ...]
    traps: tuple[Trap, ...]
    mode: Mode
    engine: Engine
    target: Target
    cell_bits: int = 64
    bundle: Mapping[str, Verified] = field(default_factory=dict)
    request: Request = field(default_factory=Request)
    askers: Mapping[str, frozenset[frozenset[str]]] = field(default_factory=dict)
    passed: tuple[Passed, ...] = ()
    natives: tuple[NativeImport, ...] = ()
    gated: frozenset[str] = frozenset()
    crossing: frozenset[str] = frozenset()

    def callee(self, function: Service[Any, Any] | NativeImport) -> str:
        """The C function that is called for one of a micro-library's."""
        return f"tb_gated_{function.c}" if function.c in self.crossing else function.c

    def number(self, option: str) -> int:
        """The value of an option that is a number, 0 where nothing in the plan has it."""
        return int(self.options.get(option, 0))

    @property
    def barrier(self) -> bool:
        """Whether reference stores must tell the collector."""
        return any(library.needs_barrier for library in self.libraries)

    @property
    def guarded(self) -> bool:
        """Whether accesses outside of a linear memory are left to guard pages."""
        return any(library.guarded for library in self.libraries)


def matches(pattern: str, library: MicroLibrary) -> bool:
    """Whether *pattern* (a library, a group or an interface) names *library*."""
    return library.name == pattern or library.name.startswith(pattern + ".") or pattern in library.provides


def excluded(library: MicroLibrary, registry: Registry, request: Request) -> bool:
    """Whether *request*, or its mode, excludes the library."""
    nothing = Need({}, (), (), (), 0, 0, 0)
    return bool(_Resolver(nothing, registry, request)._denied(library))


def resolve(need: Need, registry: Registry, request: Request) -> Plan:
    """The plan for *need*. Raises UsageError for unknown or contradictory requests, PolicyError when the
    program needs what was excluded: the message names the first instruction that needs it."""
    return _Resolver(need, registry, request).plan()


def admit(option: Option, value: int | str) -> None:
    """Refuse a value that the option cannot have."""
    if (option.kind == "text") != isinstance(value, str):
        raise UsageError(f"option {option.name} is a {option.kind}, not {value!r}")
    if isinstance(value, str):
        if not option.minimum <= len(value.encode()) <= option.maximum:
            raise UsageError(f"option {option.name} must have {option.minimum} to {option.maximum} bytes")
    elif not option.minimum <= value <= option.maximum:
        raise UsageError(f"option {option.name} must be {option.minimum} to {option.maximum}, not {value}")


def _shown(parameters: Iterable[int], results: Iterable[int]) -> str:
    """A function's type, for a person."""
    takes, gives = (
        ", ".join(types.BY_CODE[code].name if code in types.BY_CODE else "object" for code in codes)
        for codes in (parameters, results)
    )
    return f"({takes}) -> ({gives})"


class _Resolver:
    def __init__(self, need: Need, registry: Registry, request: Request) -> None:
        self.need, self.registry, self.request = need, registry, request
        self.mode = registry.modes[choose("mode", request.mode, registry.modes)]
        self.engine = registry.engines[choose("engine", request.engine, registry.engines)]
        self.target = self._target()
        self._check_profile()
        self.gated = gated(registry, request.artifact.interfaces, request.trust)
        self.chosen: dict[str, MicroLibrary] = {}
        self.reasons: dict[str, list[str]] = {}
        self.askers: dict[str, set[frozenset[str]]] = {}
        self.preferred: dict[str, str] = {}  # why a library stands before smaller ones
        self.completed: frozenset[str] = frozenset()  # what the library that comes along completes
        for name in (*request.features, *(request.only or ()), *request.deny):
            self._known(name)

    def _known(self, name: str) -> None:
        if not any(matches(name, each) for each in self.registry.libraries.values()):
            names = set(self.registry.libraries) | set(self.registry.interfaces)
            names |= {each.partition(".")[0] for each in self.registry.libraries}
            choose("feature", name, names)

    def _target(self) -> Target:
        kind, name = self.request.artifact, self.request.target
        found = self.registry.targets[choose("target", name or kind.target, self.registry.targets)]
        if not kind.is_for(found):
            those = [each.name for each in self.registry.targets.values() if kind.is_for(each)]
            raise UsageError(
                f"--artifact {kind.name} is not for target {found.name}; choose one that it is for: "
                + ", ".join(those)
            )
        return found

    def _check_profile(self) -> None:
        profile = self.request.profile
        if profile is not None and profile.engine != self.engine.name:
            raise UsageError(
                f"the profile is of engine {profile.engine}, and this is engine {self.engine.name}: build "
                f"with --engine {profile.engine}, or without --profile"
            )

    def plan(self) -> Plan:
        asked = [
            Asked(self.target.platform, (f"target {self.target.name}",)),
            Asked(self.engine.library, (f"engine {self.engine.name}",)),
            *(Asked(name, ("every runtime",)) for name in self.request.artifact.interfaces),
            *self.need.asked,
        ]
        natives, crossing = [], {each.c for each in self.need.services if each.library in self.gated}
        for imported in self.need.imports:
            if offered := self._offered(imported):
                library, native = offered
                chain = (imported.place, str(imported))
                asked += [Asked(library.name, chain), Asked(NATIVES, chain)]
                natives.append(native)
                crossing |= {native.c} if library.name in self.gated else set()
        for feature in self.request.features:
            asked.extend(self._feature(feature))
        for name in self.request.options:
            library, option = self._option(name)
            if option.enables:
                asked.append(Asked(library.name, (f"option {name}",)))
        self._close(asked)
        self._coming_along()
        interfaces = self._check()
        options, origins = self._options()
        used = {trap for library in self.chosen.values() for trap in library.traps} | set(self.need.traps)
        return Plan(
            need=self.need,
            libraries=tuple(sorted(self.chosen.values(), key=lambda each: each.name)),
            reasons={name: self._why(name) for name in sorted(self.reasons)},
            interfaces=interfaces,
            options=options,
            origins=origins,
            unused=tuple(sorted(set(self.request.options) - set(options))),
            traps=tuple(sorted(used, key=lambda trap: trap.name)),
            mode=self.mode,
            engine=self.engine,
            target=self.target,
            cell_bits=64 if self.need.wide else self.request.cell_bits,
            bundle=self.request.bundle,
            request=self.request,
            askers={name: frozenset(found) for name, found in self.askers.items()},
            natives=tuple(sorted(natives, key=lambda each: each.key)),
            gated=self.gated & frozenset(self.chosen),
            crossing=frozenset(crossing),
        )

    def _offered(self, imported: Imported) -> tuple[MicroLibrary, NativeImport] | None:
        """What a program that imports this gets, None where its host is to give it. Raises PolicyError where
        there is no host and nothing here is what it wants."""
        found = self.registry.imports.get((imported.module, imported.name))
        hosted = self.request.artifact.hosted
        if found is None:
            if hosted:
                return None
            known = {f"{module}.{name}" for module, name in self.registry.imports}
            close = difflib.get_close_matches(str(imported), known, n=1, cutoff=0.8)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise PolicyError(
                f"{imported} is needed for {imported.place}, but no micro-library offers it{hint}, and a "
                "runtime that stands alone has no host: build it with --artifact shared, or load it in Python"
            )
        if found[1].codes == (imported.parameters, imported.results):
            return None if hosted and self._denied(found[0]) else found
        if hosted:
            return None
        raise PolicyError(
            f"{imported.place} imports {imported} as {_shown(imported.parameters, imported.results)}, but "
            f"{found[0].name} offers it as {_shown(*found[1].codes)}: change the program"
        )

    def _why(self, name: str) -> tuple[str, ...]:
        """All reasons for a library, each once."""
        preferred = [self.preferred[name]] if name in self.preferred else []
        return tuple(dict.fromkeys([*self.reasons[name], *preferred]))

    def _feature(self, feature: str) -> list[Asked]:
        """A feature is a library, an interface, or a group: of variants, of which one is chosen, or of
        libraries that complement each other."""
        why = (f"--features {feature}",)
        if feature in self.registry.libraries:
            return [Asked(feature, why)]
        if feature in self.registry.interfaces:
            return [Asked(feature, why)]
        group = [each for each in self.registry.libraries.values() if matches(feature, each)]
        shared = set.intersection(*(set(each.provides) for each in group))
        if shared:
            return [Asked(sorted(shared)[0], why)]
        # What completes a combination comes along with it, never by itself.
        return [Asked(each.name, why) for each in group if not each.provides and not each.comes_along]

    # -- closing the set --------------------------------------------------------------------------

    def _close(self, asked: Iterable[Asked]) -> None:
        """Add what is asked and all that it requires. Interfaces wait until the libraries that were
        asked by name are there: one of them may fill the interface."""
        work = list(asked)
        waiting: list[Asked] = []
        while work or waiting:
            if work:
                each = work.pop(0)
                if each.name in self.registry.libraries:
                    work.extend(self._add(self.registry.libraries[each.name], each))
                else:
                    waiting.append(each)
                continue
            # The interface with the fewest candidates first: its choice may fill others too.
            each = min(waiting, key=lambda asked: len(self._candidates(asked.name)))
            waiting.remove(each)
            provider = next((c for c in self.chosen.values() if each.name in c.provides), None)
            provider = provider or self._provider(each)
            work.extend(self._add(provider, each))

    def _add(self, library: MicroLibrary, asked: Asked) -> list[Asked]:
        """Put *library* in; what it requires is asked next."""
        chain = asked.chain if asked.chain[-1] == library.name else (*asked.chain, asked.name)
        if asked.name != library.name:
            chain = (*chain, library.name)
        # What it has brought in itself is no reason for it.
        if library.name not in asked.chain[:-1]:
            self.reasons.setdefault(library.name, []).append(" → ".join(dict.fromkeys(chain)))
        self.askers.setdefault(library.name, set()).add(frozenset({asked.by} - {""}) or self.completed)
        if library.name in self.chosen:
            return []
        denied = self._denied(library)
        if denied:
            raise PolicyError(
                f"{library.name} is needed for {' → '.join(dict.fromkeys(asked.chain))}, but {denied}; "
                "allow it, or change the program"
            )
        self.chosen[library.name] = library
        return [Asked(name, chain, library.name) for name in library.requires]

    def _denied(self, library: MicroLibrary) -> str:
        """Why *library* may not be used, or nothing."""
        kind = self.request.artifact
        if _PLATFORM in library.provides and library.name != self.target.platform:
            return f"target {self.target.name} has none"
        for interface in kind.without:
            if interface in library.provides or interface in library.requires:
                return f"artifact {kind.name} has no {interface}"
        if library.name in self.gated and (why := obstacle(library, self.registry)):
            plugin = self.registry.foreign[library.name]
            return (
                f"it comes from plug-in {plugin}, whose native code nobody trusts: {why}; "
                f"--trust {library.name} trusts it, --isolation process needs no trust"
            )
        for pattern in self.request.deny:
            if matches(pattern, library):
                return f"--deny {pattern} excludes it"
        for pattern in self.mode.deny:
            if matches(pattern, library):
                return f"mode {self.mode.name} does without {pattern}"
        if self.request.only is not None and not self._foundation(library):
            allowed = any(matches(pattern, library) for pattern in self.request.only)
            if not allowed:
                return f"--only {','.join(self.request.only)} leaves it out"
        return ""

    def _foundation(self, library: MicroLibrary) -> bool:
        """What no runtime does without is not a matter of choice."""
        return library.name == self.target.platform or bool(
            set(library.provides) & set(self.request.artifact.interfaces)
        )

    def _candidates(self, interface: str) -> list[MicroLibrary]:
        """What may fill it."""
        return [each for each in self.registry.interfaces.get(interface, ()) if not self._denied(each)]

    def _provider(self, asked: Asked) -> MicroLibrary:
        candidates = self.registry.interfaces.get(asked.name, ())
        usable = [each for each in self._candidates(asked.name) if not self._clashes(each)]
        usable = [each for each in usable if self._is_complete(each)] or usable
        way_out = next(
            (each.ways_out[asked.name] for each in self.chosen.values() if asked.name in each.ways_out), ""
        )
        if not usable and way_out:
            raise PolicyError(f"{asked.name} is needed for {asked.because}, but {way_out}")
        if not candidates:
            raise UsageError(
                f"nothing installed provides {asked.name}, which is needed: {asked.because}; "
                "install the plug-in that does"
            )
        if not usable:
            why = self._denied(candidates[0]) or f"{candidates[0].name} {self._clashes(candidates[0])}"
            raise PolicyError(
                f"{asked.name} is needed for {asked.because}, but {why}; allow it, or change the program"
            )
        faster = [each for each in usable if self._is_faster(each)]
        if not faster:
            return usable[0]
        others = ", ".join(each.name for each in usable if each is not faster[0])
        if others:
            self.preferred[faster[0].name] = f"mode {self.mode.name} takes it as faster than {others}"
        return faster[0]

    def _is_faster(self, library: MicroLibrary) -> bool:
        """Whether it stands before smaller ones here."""
        return self.mode.speed and not set(library.faster_in).isdisjoint(self.request.artifact.interfaces)

    def _clashes(self, library: MicroLibrary) -> str:
        """What keeps *library* from standing beside those chosen already, or nothing."""
        for other in self.chosen.values():
            both = set(library.provides) & set(other.provides)
            why = self.reasons[other.name][0]
            if both and other is not library:
                return f"provides {sorted(both)[0]} as {other.name} does, which is there for: {why}"
            if other.name in library.conflicts or library.name in other.conflicts:
                return f"cannot stand beside {other.name}, which is there for: {why}"
        return ""

    def _is_complete(self, library: MicroLibrary) -> bool:
        """Whether something may fill each interface that it requires."""
        return all(self._candidates(name) for name in library.requires if name in self.registry.interfaces)

    def _coming_along(self) -> None:
        """Libraries that complete a combination come along as soon as all of it is there; one that is
        welcome and not needed stays out where it is denied."""
        for library in self.registry.libraries.values():
            there = {*self.chosen, *(i for each in self.chosen.values() for i in each.provides)}
            if not library.comes_along or library.name in self.chosen or not set(library.requires) <= there:
                continue
            if library.comes_along == "welcome" and (self._denied(library) or self._clashes(library)):
                continue
            self.completed = frozenset(
                next(each.name for each in self.chosen.values() if name in (each.name, *each.provides))
                for name in library.requires
            )
            self._close([Asked(library.name, (f"completes {', '.join(library.requires)}",))])
            self.completed = frozenset()

    # -- checking ---------------------------------------------------------------------------------

    def _check(self) -> dict[str, str]:
        interfaces: dict[str, str] = {}
        for library in self.chosen.values():
            for interface in library.provides:
                if interface in interfaces:
                    self._conflict(interfaces[interface], library.name, f"both provide {interface}")
                interfaces[interface] = library.name
            for other in library.conflicts:
                if other in self.chosen:
                    self._conflict(library.name, other, "exclude each other")
        return dict(sorted(interfaces.items()))

    def _conflict(self, first: str, second: str, why: str) -> None:
        raise PolicyError(
            f"{first} and {second} {why}. "
            f"{first}: {self.reasons[first][0]}; {second}: {self.reasons[second][0]}"
        )

    def _option(self, name: str) -> tuple[MicroLibrary, Option]:
        return self.registry.options[choose("option", name, self.registry.options)]

    def _options(self) -> tuple[dict[str, int | str], dict[str, str]]:
        values: dict[str, int | str] = {}
        origins: dict[str, str] = {}
        # A module's own minimum stands above the defaults and below what is asked for.
        minimum = {"stack": self.need.min_stack, "heap": self.need.min_heap}
        # What it starts with must be there: more is asked for by no default.
        starts = {"linear": self.need.min_linear, "tables": self.need.min_tables}
        for library in self.chosen.values():
            for option in library.options:
                value: int | str
                value, origin = option.default, "default"
                if option.hosted is not None and self.request.artifact.hosted:
                    value = option.hosted
                if option.fast is not None and (self.mode.speed or self.engine.speed):
                    fast = f"mode {self.mode.name}" if self.mode.speed else f"engine {self.engine.name}"
                    value, origin = option.fast, fast
                if option.name in self.mode.options:
                    value, origin = self.mode.options[option.name], f"mode {self.mode.name}"
                if minimum.get(option.name):
                    value, origin = minimum[option.name], "the module"
                if option.name in starts and starts[option.name] > int(value):
                    value, origin = starts[option.name], "the module"
                if option.name in self.request.options:
                    value = self.request.options[option.name]
                    origin = self.request.origins.get(option.name, "asked for")
                admit(option, value)
                if option.name in starts and int(value) < starts[option.name]:
                    raise UsageError(
                        f"option {option.name} is {value}, but the program starts with {starts[option.name]}"
                    )
                values[option.name], origins[option.name] = value, origin
        if int(values.get("stack", self.need.entry_cells)) < self.need.entry_cells:
            raise UsageError(
                f"a stack of {values['stack']} cells does not hold the entry point's frame: "
                f"it needs {self.need.entry_cells}"
            )
        return dict(sorted(values.items())), dict(sorted(origins.items()))
