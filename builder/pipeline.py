"""The whole flow, in order. Every stage is a function from one frozen value to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import BuildError, UsageError
from ..core.module import Module
from ..core.parts import FrontEnd
from ..core.registry import Registry
from ..core.verified import Verified
from ..stack import verify
from .compile import Linked, LinkError, compile_
from .compose import BUNDLE, INSTANCES, Composition, compose
from .emit import Sources, emit
from .general import general, sample
from .invoke import check_runs, invoke
from .measure import Footprint, measure
from .need import Asked, Need, need, together
from .optimise import chosen, optimise
from .optimise import together as together_passed
from .resolve import Plan, Request, resolve

# Of front-ends: each is default.
NO_OPTIONS: Mapping[str, int | str] = {}


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a build gives: the executable's bytes, and every value on the way to it."""

    image: bytes
    verified: Verified
    need: Need
    plan: Plan
    composition: Composition
    sources: Sources
    linked: Linked
    footprint: Footprint

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.image).hexdigest()


class NotLinkedError(BuildError):
    """Everything was compiled and the linker failed. artifact: without an image; its footprint is an
    estimate."""

    def __init__(self, message: str, artifact: Artifact) -> None:
        super().__init__(message)
        self.artifact = artifact


def translate(
    content: bytes, name: str, registry: Registry, options: Mapping[str, int | str] = NO_OPTIONS
) -> Module:
    """The module that *content* holds, by the first front-end that recognises it. options: of front-ends, by
    name; those that are not there are default.

    Raises UsageError when none does, and what the front-end raises.
    """
    front_end = front_end_of(content, name, registry)
    if not front_end.options:
        return front_end.translate(content, name, registry.isa)
    return front_end.translate(content, name, registry.isa, values(front_end, options))


def front_end_of(content: bytes, name: str, registry: Registry) -> FrontEnd:
    """The first front-end that recognises *content*. Raises UsageError when none does."""
    for front_end in registry.front_ends:
        if front_end.recognises(content, name):
            return front_end
    known = ", ".join(each.name for each in registry.front_ends)
    raise UsageError(f"{name} is no program: none of the front-ends knows it ({known})")


def files_read(content: bytes, name: str, registry: Registry, options: Mapping[str, int | str]) -> set[Path]:
    """The files besides that the module of *content* is made of."""
    front_end = front_end_of(content, name, registry)
    return set(front_end.reads(content, name, values(front_end, options)) if front_end.reads else ())


def values(front_end: FrontEnd, options: Mapping[str, int | str]) -> dict[str, int | str]:
    """The values of all options of a front-end."""
    return {each.name: options.get(each.name, each.default) for each in front_end.options}


def plan(module: Module | None, registry: Registry, request: Request) -> tuple[Verified, Need, Plan]:
    """The stages that need no compiler, on what optimiser passes make of the module; without a module, for a
    runtime that loads modules: the program is then one that does nothing."""
    passes = chosen(registry, request.passes)
    if module is None:
        planned = general(registry, request)
        return sample(registry), planned.need, planned
    if request.invoke:
        module = invoke(module, registry.isa, request.invoke)
    elif not request.artifact.hosted:
        check_runs(module, registry.isa)
    if request.passes is None and request.artifact.hosted and not module.exports:
        passes = ()  # its host can call each function by its name
    verified, steps = optimise(verify(module, registry.isa), registry, passes)
    needed = need(verified, registry.isa)
    if request.bundle:
        bundle = {name: optimise(each, registry, passes) for name, each in request.bundle.items()}
        steps = together_passed((steps, *(passed for _, passed in bundle.values())))
        request = replace(request, bundle={name: each for name, (each, _) in bundle.items()})
        needed = together([needed, *(need(each, registry.isa) for each in request.bundle.values())])
        asked = (*needed.asked, Asked(BUNDLE, (f"--bundle {next(iter(request.bundle))}",)))
        needed = replace(needed, asked=asked)
    planned = replace(resolve(needed, registry, request), passed=steps)
    if request.bundle and len(planned.reasons[planned.interfaces[BUNDLE]]) == 1:
        raise UsageError(
            f"--bundle: no program runs others: nothing would run {', '.join(request.bundle)}; leave it out"
        )
    return verified, needed, planned


def build(
    module: Module | None,
    registry: Registry,
    request: Request,
    *,
    symbols: bool = False,
    keep: Path | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> Artifact:
    """Build the smallest runtime for *module*, or one that loads modules where it is None. progress: told the
    name of each stage as it starts.

    Raises TblvmError: of the stage that cannot go on; NotLinkedError has what there is to report then.
    """
    progress("verify")
    verified, needed, planned = plan(module, registry, request)
    progress("compose")
    composition: Composition = compose(planned, verified, registry.isa)
    progress("emit")
    sources: Sources = emit(composition)
    progress("compile")
    failed = ""
    try:
        kind = planned.request.artifact
        linked: Linked = compile_(sources, planned.target, kind, symbols=symbols, keep=keep)
    except LinkError as error:
        linked, failed = error.linked, str(error)
    progress("measure")
    services = [service.c for service in needed.services]
    footprint: Footprint = measure(linked, _memory(composition, linked), composition.recursive, services)
    made = Artifact(linked.image, verified, needed, planned, composition, sources, linked, footprint)
    if failed:
        raise NotLinkedError(failed, made)
    return made


def _memory(composition: Composition, linked: Linked) -> Iterator[tuple[str, str, int]]:
    """What memory of settled size there is, for all programs that can be under way."""
    count = composition.instances
    each = "" if count == 1 else f" of {count} programs"
    for library, memory, size in composition.memory:
        yield library.name, memory.doc + each, count * size
    if count > 1:
        state = sum(size for _, _, size in linked.members)
        yield composition.plan.interfaces[INSTANCES], f"state of {count - 1} programs", (count - 1) * state
