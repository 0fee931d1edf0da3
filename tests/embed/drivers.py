"""Executables that embed themselves: tests/embed/c/exercise.c with the library, on a target or by sanitizers."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from tblvm.builder.artifacts import KINDS, Kind
from tblvm.builder.compile import compile_
from tblvm.builder.compose import compose
from tblvm.builder.emit import emit
from tblvm.builder.general import general, sample
from tblvm.builder.host import command
from tblvm.builder.need import need
from tblvm.builder.resolve import Plan, Request, resolve
from tblvm.core.asm import assemble
from tblvm.core.registry import Registry
from tblvm.stack import verify
from tests.core.loader import PLUGINS
from tests.harness import COMPILERS, ENGINE, registry, system_compiled
from tests.harness.builds import shared

from .programs import NARROW_TEXT

HERE = Path(__file__).parent
BOTH = Kind("driver", "embeds itself", ("entry", *KINDS["shared"].interfaces), (), program="maybe")


@cache
def known() -> Registry:
    """With the pages on which modules are mutated."""
    return registry((*PLUGINS, HERE))


@dataclass(frozen=True)
class Driver:
    executable: Path
    plan: Plan

    def run(self, stdin: bytes) -> str:
        """What it writes; fails where something is not as it should be."""
        environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}
        done = subprocess.run(
            command(self.plan.target, self.executable),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=300,
            env=environment,
        )
        output = done.stdout.decode(errors="replace")
        assert done.returncode == 0, (
            f"{done.returncode}: {output[-3000:]}\n{done.stderr.decode(errors='replace')[-6000:]}"
        )
        assert output.endswith("\nall is well\n"), output[-300:]
        return output


@cache
def built(target: str, *, program: bool = False, engine: str = ENGINE) -> Driver:
    """The driver for a target, "hosted" for a system's compiler with sanitizers. program: with the program narrow inside, in cells of
    32 bits; without it, it loads modules."""
    reg = known()
    features = ["embed-exercise", "embed.host", "gc.marksweep"]
    if target == "hosted":
        features.append("platform.hosted")
    request = Request(
        features=tuple(features), deny=("devices",), target=target, engine=engine, artifact=BOTH
    )
    if program:
        verified = verify(assemble(NARROW_TEXT, reg.isa, "folder/module.tba"), reg.isa)
        plan = resolve(need(verified, reg.isa), reg, request)
        assert plan.cell_bits == 32
    else:
        features += ["embed.modules", *reg.isa.pages]
        plan = general(reg, replace(request, features=tuple(features)))
        verified = sample(reg)
    sources = emit(compose(plan, verified, reg.isa, loaded=not program))
    if target == "hosted":
        compiler = COMPILERS.get(engine, "gcc")
        return Driver(
            system_compiled(sources, "driver", sanitize=True, coverage=False, compiler=compiler), plan
        )

    def make(folder: Path) -> None:
        executable = folder / "driver"
        executable.write_bytes(compile_(sources, plan.target, BOTH, symbols=True).image)
        executable.chmod(0o755)

    return Driver(shared(sources, ("embed", version("ziglang"), target), make) / "driver", plan)
