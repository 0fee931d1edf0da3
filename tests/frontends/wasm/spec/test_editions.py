"""WebAssembly's specification tests, all that registries hold of these proposals: none fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tblvm.frontends.wasm.conformance.left_out import read, reason
from tblvm.frontends.wasm.conformance.runner import Result
from tblvm.frontends.wasm.conformance.suite import conformance, shown, total

from .convert import script
from .fetch import Edition, Unavailable, editions, scripts

LISTED = read(Path(__file__).with_name("left_out.toml"))
PARTS = 4
# Least that passes of an edition: nothing is lost on the way without being noticed.
LEAST = {"2018": 15_000, "binaryen": 15_000}


def judged(edition: Edition, name: str, content: bytes) -> Result:
    place = f"{edition.name}/{name}"
    if why := reason(LISTED, place, 0):
        return Result(place, left_out=why)
    return conformance(script(name, content), place, place, LISTED)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("edition", editions(), ids=lambda each: each.name)
def test_specification(
    edition: Edition,
    part: int,
    unavailable: Callable[[Exception], None],
    record_property: Callable[[str, object], None],
) -> None:
    try:
        found = sorted(scripts(edition).items())[part::PARTS]
    except Unavailable as error:
        unavailable(error)
        return
    results = [judged(edition, name, content) for name, content in found]
    record_property("specification", json.dumps(total(results)))
    print("\n".join(shown(results)))
    assert not [each.file for each in results if each.failed]
    passed = sum(kinds.get("passed", 0) for kinds in total(results).values())
    assert passed > LEAST[edition.name] / PARTS / 4, "scripts differ in length, not that much"
