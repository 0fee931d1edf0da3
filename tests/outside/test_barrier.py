"""Every store of a reference, and no other, goes through the barrier of a collector that has one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import load

STORES = """
.class P
  next: P
  any_: any
  number: i32
  text: string
.end
.global g: P
.global n: i32
.func main()
  .local p: P
  NEWOBJ P
  STORE p
  LOAD p
  LOAD p
  PUTFIELD P.next
  LOAD p
  LOAD p
  PUTFIELD P.any_
  LOAD p
  CONST "text"
  PUTFIELD P.text
  LOAD p
  PUSH 5
  PUTFIELD P.number
  LOAD p
  STOREG g
  PUSH 7
  STOREG n
  PUSH 2
  NEWARRAY P[]
  PUSH 1
  LOAD p
  ASTORE
  PUSH 2
  NEWARRAY i16[]
  PUSH 1
  PUSH 9
  ASTORE
  HALT
.end
"""


def test_reference_stores_tell_the_collector(tmp_path: Path) -> None:
    registry = load([Path(__file__).parent / "barrier"])
    module = translate(STORES.encode(), "stores.tba", registry)
    artifact = build(module, registry, Request(features=("gc.counting",)))
    program = tmp_path / "program"
    program.write_bytes(artifact.image)
    program.chmod(0o755)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    assert done.stderr == "5 references stored\n"


def test_without_need_there_is_no_barrier() -> None:
    registry = load()
    module = translate(STORES.encode(), "stores.tba", registry)
    artifact = build(module, registry, Request(features=("gc.marksweep",)))
    assert all("barrier" not in unit.text for unit in artifact.sources.units)
