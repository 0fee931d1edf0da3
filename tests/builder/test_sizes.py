"""The sizes that the project promises, on x86-64."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tblvm.builder.pipeline import Artifact
from tblvm.opcodes import Isa

Build = Callable[..., Artifact]
HERE = Path(__file__).parent


def codes(made: Artifact, page: str) -> set[int]:
    return {form.declaration.code for form in made.verified.forms if form.declaration.page.name == page}


def largest(made: Artifact) -> str:
    """Where the bytes are, for the message of a failure."""
    rows = sorted(made.footprint.rows, key=lambda row: -row.size)
    return "\n".join(f"{row.size:5} {row.kind:6} {row.owner} {row.item}" for row in rows[:40])


def output(made: Artifact, tmp_path: Path, given: bytes = b"") -> bytes:
    path = tmp_path / "program"
    path.write_bytes(made.image)
    path.chmod(0o755)
    return subprocess.run([path], input=given, stdout=subprocess.PIPE, check=True, timeout=20).stdout


def test_nano_holds_the_core_page_up_to_the_console(builds: Build, isa: Isa, tmp_path: Path) -> None:
    made = builds(HERE / "nano.tba", mode="nano")
    assert codes(made, "core") == {code for code in isa.page("core") if code < 0x50}
    assert output(made, tmp_path, b"12x") == b"449text\n12x"
    assert made.footprint.total("data", "bss", program=False) <= 1024, largest(made)
    assert made.footprint.runtime <= 4096, largest(made)


def test_micro_holds_objects_and_a_collector(builds: Build, isa: Isa, tmp_path: Path) -> None:
    made = builds(HERE / "micro.tba", mode="micro")
    assert codes(made, "object") == {code for code in isa.page("object") if code < 0x20}
    assert made.plan.interfaces["collector"] == "gc.marksweep"
    assert output(made, tmp_path) == b"4175110derivedderived11\n"
    assert made.footprint.runtime <= 8192, largest(made)


def test_hello_is_a_file_of_at_most_1024_bytes(builds: Build, tmp_path: Path) -> None:
    made = builds("hello.tba")
    assert output(made, tmp_path) == b"Hello, world!\n"
    assert len(made.image) <= 1024, largest(made)
