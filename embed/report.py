"""What holds a program, and what it has used up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .instance import Instance

# Fuel that is as good as no limit: what a library has where nobody says otherwise.
ENDLESS = (1 << 63) - 1
_UNITS = {
    "memory": "bytes",
    "heap": "bytes",
    "linear": "bytes",
    "stack": "cells",
    "fuel": "instructions",
    "timeout": "seconds a call",
    "output": "bytes",
    "tables": "elements",
    "load.memory": "bytes",
    "registers": "bytes",
}
# Of what is in every runtime; engines have others.
_LIMITS = ("heap", "linear", "stack", "tables", "load.memory")
_SPENT = {
    "fuel": "instructions",
    "output": "bytes",
    "seconds": "seconds in the program",
    "host_seconds": "seconds in functions of the host and the console",
    "calls": "calls",
    "host_calls": "calls of host functions",
    "switches": "times that control went to it",
    "parkings": "times that its keys were given to another one",
    "peak_memory": "bytes, at most, of its process or arena",
}


@dataclass(frozen=True, slots=True)
class Spent:
    """What an instance has used up since it was loaded; None is not known.

    fuel: instructions. output: bytes that it wrote and that have arrived. seconds: of time in the program;
    host_seconds: in host functions and the console, while it waited. calls: of the host, its start function
    too; host_calls: of host functions. switches: how often control went over to it, and came back, through a
    gate or to a worker. parkings: how often its protection keys went to another one. peak_memory: bytes that
    its worker or arena had at most.

    What is between host and program counts: without isolation nothing is, and only fuel and output are known.
    """

    fuel: int | None = None
    output: int | None = None
    seconds: float | None = None
    host_seconds: float | None = None
    calls: int | None = None
    host_calls: int | None = None
    switches: int | None = None
    parkings: int | None = None
    peak_memory: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is in force for an instance now, and what it has spent.

    program: the name of its file. engine: how it is executed. isolation: the level that was taken: "none",
    "process", "mpk". walls: what stands around it, by name, each in a few words. limits: by name, the values
    that hold, None for none (bytes of "heap", "linear", "output", "load.memory" and, for register code,
    "registers", cells of "stack", elements of "tables", "fuel" in all, seconds of each call as "timeout").
    grants: what it may use besides. functions: of the host, as "module.name". environment, directories:
    names. ended: why its sandbox is no more, "" while it is there.
    """

    program: str
    engine: str
    isolation: str
    walls: Mapping[str, str]
    limits: Mapping[str, int | float | None]
    grants: tuple[str, ...]
    functions: tuple[str, ...]
    environment: tuple[str, ...]
    directories: tuple[str, ...]
    spent: Spent
    ended: str

    def data(self) -> dict[str, Any]:
        """As JSON has it: objects, lists, numbers, texts and None."""
        return {"schema": 1, **asdict(self)}

    def json(self) -> str:
        """As JSON, with raw numbers and these names."""
        return json.dumps(self.data(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        walls = [(name, words) for name, words in self.walls.items()]
        limits = [
            (name, "none" if value is None else f"{_number(value)} {_UNITS.get(name, '')}".rstrip())
            for name, value in self.limits.items()
        ]
        given = {
            "grants": self.grants,
            "functions": self.functions,
            "environment": self.environment,
            "directories": self.directories,
        }
        spent = [
            (name.replace("_", " "), f"{_number(value)} {_SPENT[name]}")
            for name, value in asdict(self.spent).items()
            if value is not None
        ]
        groups = (
            ("", [("program", self.program), ("engine", self.engine), ("isolation", self.isolation)]),
            ("walls", walls),
            ("limits", limits),
            ("may use", [(name, ", ".join(words) or "nothing") for name, words in given.items()]),
            ("spent", spent),
            ("", [("ended", self.ended)] if self.ended else []),
        )
        lines = []
        for title, rows in groups:
            if title and rows:
                lines.append(f"{title}:")
            lines += [f"{'  ' if title else ''}{name:<{12 if title else 14}} {words}" for name, words in rows]
        return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"


def report(instance: Instance) -> Report:
    """The report of an instance that is not closed."""
    from .store import GRANTS

    store, part = instance.store, instance._part
    known = store._known()
    defaults = known.options
    engine = known.libraries[known.engines[store.engine].library]
    limits: dict[str, int | float | None] = {}
    for name in (*_LIMITS, *(option.name for option in engine.options if option.limit)):
        # What a module asks for stands above the defaults and below what the host says.
        option = defaults[name][1]
        usual = option.hosted or option.default
        limits[name] = int(store._limits.get(name) or instance._asked.get(name) or usual)
    limits["fuel"] = None if instance._fuel >= ENDLESS else instance._fuel
    limits["timeout"], limits["output"] = instance.timeout, instance._quota.most
    behind = getattr(part.lib, "told", None)
    told: dict[str, Any] = {} if behind is None else behind(instance._context)
    spent = dict(told.get("spent", {}))
    spent["fuel"] = None if told.get("ended") else instance._fuel - instance.fuel
    if instance._quota.most is not None or (behind is None and part.consoled):
        spent["output"] = instance._quota.written
    return Report(
        program=instance.name,
        engine=store.engine,
        isolation=store.isolation,
        walls=dict(told.get("walls", {})),
        limits=limits,
        grants=tuple(sorted(set(GRANTS) - set(store._withheld))),
        functions=instance._uses,
        environment=tuple(each.split(b"=", 1)[0].decode("utf-8", "replace") for each in store._env),
        directories=tuple(guest.decode("utf-8", "replace") for _, guest, _ in store._dirs),
        spent=Spent(**spent),
        ended=told.get("ended", ""),
    )
