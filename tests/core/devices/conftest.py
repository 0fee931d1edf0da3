"""Builds programs that use devices and runs them, on each target."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tblvm.builder.host import command
from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry


@dataclass(frozen=True)
class Ready:
    """A built program: the words that run it, in *folder*."""

    words: list[str]
    folder: Path

    def run(self, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.words, cwd=self.folder, input=stdin, capture_output=True, timeout=100, check=False
        )


Prepare = Callable[..., Ready]


@pytest.fixture
def ready(registry: Registry, tmp_path: Path) -> Prepare:
    """ready(text, target, option=value…): the program built; `__` in a name stands for a dot."""

    def prepare(text: str, target: str = "x86_64-linux", *features: str, **options: int | str) -> Ready:
        given = {name.replace("__", "."): value for name, value in options.items()}
        request = Request(target=target, features=features, options=given)
        artifact = build(translate(text.encode(), "test.tba", registry), registry, request)
        (tmp_path / "program").write_bytes(artifact.image)
        (tmp_path / "program").chmod(0o755)
        return Ready(command(artifact.plan.target, tmp_path / "program"), tmp_path)

    return prepare
