"""Programs and builds that the tests of the builder share. A build is made once in a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tblvm.builder.need import Need, need
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Plan, Request, resolve
from tblvm.core.registry import Registry
from tblvm.stack import verify

Build = Callable[..., Artifact]

SOURCES = {
    "hello.tba": """\
.func main()
    CONST "Hello, world!\\n"
    PRINT
    HALT
.end
""",
    "halt.tba": """\
.func main()
    HALT
.end
""",
    "status.tba": """\
.func main() -> i32
    PUSH 42
    RET
.end
""",
    "divide.tba": """\
.func quotient(a: i32) -> i32
    LOAD a
    PUSH 0
    DIV
    RET
.end
.func main() -> i32
    PUSH 7
    CALL quotient
    RET
.end
""",
    "free.tba": """\
.func main()
    NEW 3
    FREE
    HALT
.end
""",
    "boxes.tba": """\
.collector
.class Box
    value: i32
.end
.func main()
    NEWOBJ Box
    GETFIELD Box.value
    PRINT
    HALT
.end
""",
    "pixel.tba": """\
.screen 2, 1
.func main()
    PUSH 0
    PUSH 0
    PUSH 255
    PIXEL_SET
    HALT
.end
""",
    "negative.tba": """\
.func main()
    CONST -1.0
    DPRINT
    CONST -1L
    LPRINT
    HALT
.end
""",
    "cells.tba": """\
.func main()
    NEW 3
    PUSH 0
    PUSH 9
    STOREM 1
    HALT
.end
""",
    "loop.tba": """\
.func main()
again:
    JMP again
.end
""",
}


@pytest.fixture(scope="session")
def needs(registry: Registry) -> Callable[[str], Need]:
    """What one of the programs above needs."""

    def find(name: str) -> Need:
        module = translate(SOURCES[name].encode(), name, registry)
        return need(verify(module, registry.isa), registry.isa)

    return find


@pytest.fixture(scope="session")
def plans(registry: Registry, needs: Callable[[str], Need]) -> Callable[..., Plan]:
    """The plan for one of the programs above, with a Request of these words."""

    def plan(name: str, **request: Any) -> Plan:
        return resolve(needs(name), registry, Request(**request))

    return plan


@pytest.fixture(scope="session")
def builds(registry: Registry) -> Build:
    """Builds one of the programs above, or a file, with a Request of these words."""
    made: dict[str, Artifact] = {}

    def artifact(program: str | Path, *, symbols: bool = False, **request: Any) -> Artifact:
        key = f"{program} {symbols} {sorted(request.items())}"
        if key not in made:
            content = SOURCES[program].encode() if isinstance(program, str) else program.read_bytes()
            module = translate(content, str(program), registry)
            made[key] = build(module, registry, Request(**request), symbols=symbols)
        return made[key]

    return artifact


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the programs above."""
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    return tmp_path
