"""The whole flow, in order. Every stage is a function from one frozen value to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from ..core.module import Module
from ..core.registry import Registry
from ..core.verified import Verified
from ..stack import verify
from .compile import Linked, compile_
from .compose import Composition, compose
from .emit import Sources, emit
from .general import general, sample
from .measure import Footprint, measure
from .need import Need, need
from .resolve import Plan, Request, resolve


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


def translate(content: bytes, name: str, registry: Registry) -> Module:
    """The module that *content* holds, by the first front-end that recognises it.

    Raises UsageError when none does, and what the front-end raises.
    """
    for front_end in registry.front_ends:
        if front_end.recognises(content, name):
            return front_end.translate(content, name, registry.isa)
    known = ", ".join(each.name for each in registry.front_ends)
    raise UsageError(f"{name} is no program: none of the front-ends knows it ({known})")


def plan(module: Module | None, registry: Registry, request: Request) -> tuple[Verified, Need, Plan]:
    """The stages that need no compiler; without a module, for a runtime that loads modules: the program is
    then one that does nothing."""
    if module is None:
        planned = general(registry, request)
        return sample(registry), planned.need, planned
    verified = verify(module, registry.isa)
    needed = need(verified, registry.isa)
    return verified, needed, resolve(needed, registry, request)


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

    Raises TblvmError: of the stage that cannot go on.
    """
    progress("verify")
    verified, needed, planned = plan(module, registry, request)
    progress("compose")
    composition: Composition = compose(planned, verified, registry.isa)
    progress("emit")
    sources: Sources = emit(composition)
    progress("compile")
    linked: Linked = compile_(sources, planned.target, symbols=symbols, keep=keep)
    progress("measure")
    footprint: Footprint = measure(
        linked, ((library.name, each.doc, size) for library, each, size in composition.memory)
    )
    return Artifact(linked.image, verified, needed, planned, composition, sources, linked, footprint)
