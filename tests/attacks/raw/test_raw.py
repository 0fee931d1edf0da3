"""What a bare kernel does, against what the table of cases says for it."""

from __future__ import annotations

import re

import pytest

from tests.machine.keys import needs_keys

from . import CASES, DENIED, HERE, LEAK, Case, executable, kernel, markdown, run

ROOT = HERE.parents[2]
COUNTS = {"all-keys": "15 keys", "all-keys-but-one": "14 keys"}


@needs_keys
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.attack}-{case.name}")
def test_bare(case: Case) -> None:
    verdict = run(case.name)
    assert verdict.what == case.expected(kernel(), False), verdict.how
    if case.name in COUNTS:
        assert verdict.how == COUNTS[case.name]


@needs_keys
@pytest.mark.parametrize(
    "case", [each for each in CASES if each.sealed], ids=lambda case: f"{case.attack}-{case.name}"
)
def test_sealed(case: Case) -> None:
    verdict = run(case.name, sealed=True)
    assert verdict.what == case.expected(kernel(), True), verdict.how


def test_every_case_of_the_c_is_listed() -> None:
    text = "".join(path.read_text() for path in sorted((HERE / "c").glob("*.c")))
    named = re.findall(r'\{"([\w-]+)", \w+\}', text)
    assert sorted(named) == sorted(case.name for case in CASES)
    assert executable().is_file()
    assert markdown() in (ROOT / "docs" / "isolation.md").read_text()


def test_what_seals_stop_is_what_leaks_without() -> None:
    stopped = {case.name for case in CASES if case.bare == LEAK and case.sealed == DENIED}
    assert {"pkey_mprotect", "execute-only", "mmap-over", "munmap", "mremap-over", "madvise"} <= stopped
