"""Real programs: what they do here is what wasmtime says, and what Python's own libraries do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tblvm.builder.pipeline import translate
from tblvm.core.errors import ModuleError
from tblvm.core.registry import Registry
from tests.corpus.fetch import Unavailable, content
from tests.corpus.machines import Tblvm, Wasmtime
from tests.corpus.manifest import Program, programs, refused
from tests.corpus.transcripts import SEED, transcript


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.name)
def test_it_does_what_it_does_elsewhere(program: Program, unavailable: Callable[[Exception], Any]) -> None:
    try:
        data = content(program)
    except Unavailable as error:
        return unavailable(error)
    expected = transcript(program, data, Wasmtime)
    assert transcript(program, data, Tblvm) == expected, f"TBLVM_TEST_SEED={SEED}"
    return None


@pytest.mark.parametrize("program", refused(), ids=lambda program: program.name)
def test_what_it_needs_is_refused_by_name(
    program: Program, registry: Registry, unavailable: Callable[[Exception], Any]
) -> None:
    try:
        data = content(program)
    except Unavailable as error:
        return unavailable(error)
    with pytest.raises(ModuleError, match=rf"unsupported: .*{program.refused}"):
        translate(data, f"{program.name}.wasm", registry)
    return None
