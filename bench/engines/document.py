"""Results for programs: one JSON document."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .engine import Engine
from .figures import Results

VERSION = 1


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
    """base; engines; programs: program -> engine -> seconds of each run, ratio (median and quartiles), load
    in seconds, sha256 of the output; geo9."""
    programs: dict[str, Any] = {}
    for program, each in results.samples.items():
        programs[program] = {}
        for name, samples in each.items():
            ratio = results.ratio(program, name)
            told = {key: value for key, value in asdict(samples).items() if key not in ("program", "engine")}
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
