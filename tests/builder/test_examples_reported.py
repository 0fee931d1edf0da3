"""The report on every example: rows that sum, reasons that name the line, exclusions that name the chain."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.artifacts import KINDS
from tblvm.builder.cli import main
from tblvm.builder.measure import Footprint
from tblvm.builder.pipeline import Artifact, build, plan, translate
from tblvm.builder.resolve import Plan, Request
from tblvm.builder.why import why
from tblvm.core.errors import PolicyError
from tblvm.core.registry import Registry
from tblvm.opcodes import Service
from tests.harness import TARGETS
from tests.programs import EXAMPLES

SEED = int(os.environ.get("TBLVM_TEST_SEED", "400"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
_PLACE = re.compile(r"^[^ ]+ \(([\w.-]+):(\d+)\) → ([\w.]+)")


def check_sums(made: Artifact) -> None:
    footprint: Footprint = made.footprint
    assert footprint.file_size == len(made.image) == sum(row.size for row in footprint.rows if row.in_file)
    known = {each.name for each in made.plan.libraries} | {"program", "(headers)", "(padding)"}
    assert {row.owner for row in footprint.rows} <= known
    assert all(row.size >= 0 for row in footprint.rows)


# --- sums -------------------------------------------------------------------------------------------------


def test_rows_sum_whatever_is_built(registry: Registry) -> None:
    """Every example is built for x86-64 by other tests; here some, for any target, in any mode."""
    rng = random.Random(SEED)
    for _ in range(6 * SCALE):
        path, target = rng.choice(EXAMPLES), rng.choice(TARGETS)
        mode, symbols = rng.choice(tuple(registry.modes)), rng.random() < 0.3
        features = rng.choice(((), ("nan.canonical",), ("core.fuel", "core.interrupt")))
        options = rng.choice(({}, {"traps.text": 0}, {"stack": 4096}))
        request = Request(features=features, mode=mode, target=target, options=options)
        about = f"seed {SEED}: {path.name} {request} symbols={symbols}"
        try:
            made = build(
                translate(path.read_bytes(), path.name, registry), registry, request, symbols=symbols
            )
        except PolicyError:  # mode nano has no objects
            assert mode != "default", about
            continue
        check_sums(made)


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "exe"])
def test_rows_of_every_artifact_sum(kind: str, registry: Registry) -> None:
    rng = random.Random(f"{SEED} {kind}")
    those = [each.name for each in registry.targets.values() if KINDS[kind].is_for(each)]
    for target in {those[0], rng.choice(those)} if SCALE == 1 else those:
        request = Request(features=("core", "int"), target=target, artifact=KINDS[kind])
        module = (
            None
            if KINDS[kind].program != "always"
            else translate(EXAMPLES[0].read_bytes(), EXAMPLES[0].name, registry)
        )
        check_sums(build(module, registry, request))


# --- reasons ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture(scope="module")
def planned(example: Path, registry: Registry) -> Plan:
    module = translate(example.read_bytes(), example.name, registry)
    return plan(module, registry, Request())[2]


def test_every_library_has_reasons_and_why_tells_them_all(planned: Plan, registry: Registry) -> None:
    for library in planned.libraries:
        told = why(library.name, planned, registry)
        assert planned.reasons[library.name], library.name
        for reason in planned.reasons[library.name]:
            assert f"\n  because {reason}\n" in told
            assert reason.split(" → ")[-1] == library.name


def test_places_are_lines_that_say_so(example: Path, planned: Plan) -> None:
    """What a reason says of a place stands there in the source."""
    lines = example.read_text().splitlines()
    found = 0
    for reasons in planned.reasons.values():
        for match in filter(None, map(_PLACE.match, reasons)):
            file, line, label = match.groups()
            written = re.split(r"[\s,;]+", lines[int(line) - 1].upper())
            assert file == example.name
            assert label.upper() in written or label.split(".")[-1].upper() in written, match.group()
            found += 1
    assert found >= len({use.form.declaration.library for use in planned.need.uses})


def test_every_opcode_is_a_reason(planned: Plan) -> None:
    """All reasons: each opcode that the program has is one for its library, and for that of each service."""
    for use in planned.need.uses:
        declaration = use.form.declaration
        services = [node.attribute for node in use.form.graph.nodes if isinstance(node.attribute, Service)]
        for library in {declaration.library, *(each.library for each in services)}:
            chains = planned.reasons[library]
            assert any(f" → {declaration.label} → " in chain for chain in chains), (
                library,
                declaration.label,
            )


# --- what is excluded, what is over budget -----------------------------------------------------------------


def test_what_is_denied_is_named_with_the_chain(example: Path, planned: Plan, registry: Registry) -> None:
    module = translate(example.read_bytes(), example.name, registry)
    groups = {each.partition(".")[0] for each in registry.libraries if "." in each}
    needed = sorted({use.form.declaration.library for use in planned.need.uses} - groups)
    for name in needed:
        with pytest.raises(PolicyError) as told:
            plan(module, registry, Request(deny=(name,)))
        assert re.search(rf"\({re.escape(example.name)}:\d+\) → ", str(told.value)), told.value


def test_over_budget_is_4_with_the_largest_and_their_chains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tblvm.toml").write_text('[budget]\ntotal = "1K"\nlibs.gc = 100\n')
    path = next(each for each in EXAMPLES if each.stem == "binary_trees")
    done = CliRunner().invoke(main, [str(path), "-o", "out"])
    assert done.exit_code == 4
    first, *largest = done.stderr.splitlines()
    assert "budget total: " in first and "budget libs.gc: " in first and "exceed the budget of 100" in first
    assert len(largest) == 3
    assert largest[0].startswith("  gc.marksweep, ") and " → gc.marksweep" in largest[0]
    assert all(" → " in line for line in largest)
    assert not Path("out").exists() and "OVER budget" in done.stdout
