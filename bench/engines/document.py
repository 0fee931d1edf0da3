"""Results for programs: one JSON document, which can be read again."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from .engine import GROUPS, Engine
from .figures import Results
from .manifest import Program
from .measure import Samples

VERSION = 1
_TOLD = [each.name for each in fields(Samples) if each.name not in ("program", "engine")]


def machine() -> dict[str, Any]:
    """What ran it, and how busy that was."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "load": os.getloadavg()[0],
    }


def head(amount: Mapping[str, Any]) -> dict[str, Any]:
    """version of the form, machine, amount of work."""
    return {"version": VERSION, "machine": machine(), "amount": dict(amount)}


def speed(results: Results, engines: Sequence[Engine]) -> dict[str, Any]:
    """base; engines, in the order of tables; programs: program -> engine -> seconds of each run, ratio
    (median and quartiles), load in seconds, sha256 of the output; geo9."""
    programs: dict[str, Any] = {}
    for program, each in results.samples.items():
        programs[program] = {}
        for name, samples in each.items():
            ratio = results.ratio(program, name)
            told = {key: getattr(samples, key) for key in _TOLD}
            programs[program][name] = {**told, "ratio": asdict(ratio) if ratio else None}
    present = set(results.engines())
    return {
        "base": results.base,
        "engines": {
            each.name: {"group": each.group, "about": each.about} for each in engines if each.name in present
        },
        "programs": programs,
        "geo9": {name: results.geo9(name) for name in results.engines()},
    }


def together(files: Iterable[Path]) -> dict[str, Any]:
    """What several runs measured: of a part, and of speed of a program, what the last file has.
    Raises ValueError where a file is no such document."""
    made: dict[str, Any] = {}
    for file in files:
        try:
            told = json.loads(file.read_text())
            known = told["version"] == VERSION
        except (ValueError, TypeError, KeyError):
            known = False
        if not known:
            raise ValueError(f"{file} holds no results of this version of the benchmark")
        before = made.get("speed")
        made.update(told)
        if before and "speed" in told:
            names = ("engines", "programs")
            made["speed"] = {**before, **{name: {**before[name], **told["speed"][name]} for name in names}}
        elif before:
            made["speed"] = before
    return made


def results(told: Mapping[str, Any], programs: Mapping[str, Program]) -> tuple[Results, list[Engine]]:
    """The speeds of a document, and its engines, which cannot be run again."""
    samples = {
        program: {
            name: Samples(program, name, **{key: each[key] for key in _TOLD}) for name, each in rows.items()
        }
        for program, rows in told["programs"].items()
        if program in programs
    }
    nine = [name for name in samples if programs[name].nine]
    engines = [
        Engine(name, each["group"], each["about"], lambda: "", lambda program, folder: None)
        for name, each in told["engines"].items()
    ]
    engines.sort(key=lambda each: GROUPS.index(each.group))
    return Results(told["base"], samples, nine), engines
