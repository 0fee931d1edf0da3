"""A run of a program in a build that counts what its register code executes."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click

from ..core.command import file_name, read_file
from ..core.errors import UsageError
from ..core.superinstructions.profile import Profile, Profiled

# Where counts go to: a descriptor that programs do not have otherwise.
DESCRIPTOR = 200
OPTION = "profile.to"


def counted(
    plugins: Iterable[Path],
    program: Path,
    arguments: tuple[str, ...],
    engine: str,
    dirs: Iterable[str] = (),
    variables: Iterable[str] = (),
    options: Iterable[str] = (),
) -> tuple[Profile, int]:
    """The profile of one run of *program*, and its exit status. The console is the program's.

    plugins, dirs, variables, options: as tbbuild's -p, --dir, --env and -O take them. Raises UsageError where
    the engine does not count, BuildError where the program was ended from outside.
    """
    from ..core import tbc
    from ..core.registry import choose, load
    from .cli import main
    from .config import Config
    from .host import Host
    from .options import request
    from .pipeline import build, translate
    from .run import run

    registry = load(tuple(plugins))
    chosen = registry.engines[choose("engine", engine, registry.engines)]
    if chosen.counted is None:
        counting = ", ".join(name for name, each in registry.engines.items() if each.counted is not None)
        raise UsageError(
            f"engine {engine} does not count what it executes: choose one that does ({counting})"
        )
    words = ["--engine", engine, "-O", f"{OPTION}={DESCRIPTOR}", "-q", str(program)]
    for name, values in (("--dir", dirs), ("--env", variables), ("-O", options)):
        for value in values:
            words[:0] = [name, value]
    content = read_file(program)
    with click.Command.make_context(main, "tbbuild", words, obj=Config()) as context:
        asked = request(registry, context.params)
    module = translate(content, file_name(program), registry, asked.source)
    artifact = build(module, registry, asked)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), DESCRIPTOR)
        try:
            status = run(artifact.image, Host.of(artifact.plan.target), arguments, (DESCRIPTOR,))
        finally:
            os.close(DESCRIPTOR)
        file.seek(0)
        functions = chosen.counted(artifact.composition, file.read())
    sha256 = hashlib.sha256(tbc.write(artifact.verified.module)).hexdigest()
    return Profile(engine, (Profiled(file_name(Path(program.name)), sha256, 1, functions),)), status
