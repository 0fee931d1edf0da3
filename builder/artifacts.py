"""What a composed runtime is made into: `tbbuild --artifact NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.parts import Target

# Where executables start.
START = "_start"
# The interface of what calls native code with fewer rights than the engine has (gated.py).
PLUGIN_GATE = "plugin-gate"
# The interfaces of every runtime.
_ALWAYS = ("dispatch", "frames", "platform", "support", "standard-functions")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of artifact.

    name: as `--artifact` takes it. doc: one line. interfaces: what every such runtime has; without:
    those that it cannot have. suffix: what the
    file's name ends with, unless -o says another one. program: whether it has a program inside: "always",
    "never" for what is given its programs at run time, or "maybe". shared: whether it is linked as a shared
    library, which other programs load. header: what such programs include, written beside it. target: what
    it is for unless another target is named; formats: of the targets that it can be for. scanned: whether it
    is for those who trust none of its machine code: builder/scanned.py. start: the function that it starts
    with; movable: whether it has no address of its own: a loader puts it anywhere. own_targets: whether only
    those targets are for it that name it.
    """

    name: str
    doc: str
    interfaces: tuple[str, ...]
    without: tuple[str, ...] = ()
    suffix: str = ""
    program: str = "always"
    shared: bool = False
    header: Path | None = None
    target: str = "x86_64-linux"
    formats: tuple[str, ...] = ("elf",)
    scanned: bool = False
    start: str = START
    movable: bool = False
    own_targets: bool = False

    def is_for(self, target: Target) -> bool:
        """Whether there can be such an artifact for *target*."""
        return target.format in self.formats and target.kind == (self.name if self.own_targets else "")

    @property
    def hosted(self) -> bool:
        """Whether another program calls the functions of what is inside."""
        return _EMBEDDING in self.interfaces


# What stands alone has no host, and what is embedded does not start by itself.
_ENTRY, _EMBEDDING, _GUEST = "entry", "embedding", "guest"
_EXECUTABLES = ("elf", "wasm")

EXE = Kind("exe", "PROGRAM and its runtime", (_ENTRY, *_ALWAYS), (_EMBEDDING,), formats=_EXECUTABLES)

KINDS: Mapping[str, Kind] = {
    each.name: each
    for each in (
        EXE,
        Kind(
            "runtime",
            "loads the module named on its command line",
            EXE.interfaces,
            EXE.without,
            program="never",
            formats=_EXECUTABLES,
        ),
        Kind(
            "shared",
            "a library with a C API, for PROGRAM or, without one, for modules that it loads",
            (_EMBEDDING, *_ALWAYS),
            (_ENTRY, _GUEST),
            suffix=".so",
            program="maybe",
            shared=True,
            header=Path(__file__).parent.parent / "embed" / "c" / "tblvm.h",
        ),
        Kind(
            "worker",
            "a process behind walls, which another one gives modules: for isolation",
            (_EMBEDDING, _GUEST, *_ALWAYS),
            (_ENTRY,),
            program="never",
            target="x86_64-worker",
            own_targets=True,
        ),
        Kind(
            "guest",
            "an image that another process loads behind protection keys, and gives modules: for isolation",
            (_EMBEDDING, _GUEST, PLUGIN_GATE, *_ALWAYS),
            (_ENTRY,),
            program="never",
            target="x86_64-guest",
            scanned=True,
            start="tb_guest_start",
            movable=True,
            own_targets=True,
        ),
        Kind(
            "c",
            "PROGRAM and its runtime as one file of C11, for any compiler",
            EXE.interfaces,
            EXE.without,
            suffix=".c",
            target="c11",
            formats=("c",),
        ),
    )
}
