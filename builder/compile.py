"""compile: from C source to an executable, with `zig cc` and `zig ld.lld`.

Two images are linked from the same objects: one with symbols and line tables, from which `measure` reads
where every byte comes from, and the one that is shipped. Both have the same layout.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..core.command import unbroken
from ..core.errors import BuildError, UsageError
from ..core.parts import Target
from ..core.printable import printable_lines
from .artifacts import EXE, START, Kind
from .emit import Sources
from .toolchain import compiler, zig

if TYPE_CHECKING:
    from .amalgamate import Piece

# A reason for each; -Oz because bytes are what the switch engine is chosen for.
COMPILE_FLAGS = (
    "-std=gnu11",
    "-Oz",
    "-Xclang",  # `zig cc`, which compiles and links what is not composed, makes -Os of it
    "-Oz",
    "-fstack-size-section",  # how large frames are, for the report
    "-gdwarf-4",  # the version that `measure` is tested with
    "-g1",  # line tables, for the report; nothing of them is shipped
    "-ffreestanding",  # no libc
    "-fno-sanitize=all",  # `zig cc` adds UBSan traps otherwise
    "-fno-stack-protector",  # needs thread-local storage
    "-fomit-frame-pointer",
    "-fno-asynchronous-unwind-tables",  # nothing unwinds native frames
    "-fno-unwind-tables",
    "-falign-functions=1",  # padding between functions is bytes
    "-fno-vectorize",  # so are vector constants
    "-fno-slp-vectorize",
    "-ffunction-sections",  # the linker drops what is not used, function by function
    "-fdata-sections",
    "-fno-strict-aliasing",
    "-ffp-contract=off",  # a fused multiply-add rounds once where IEEE 754 asks for twice
    "-fno-math-errno",
    "-Wall",
    "-Wextra",
    "-Werror",
)
# Absolute addresses are shorter; executables are static.
_EXECUTABLE_FLAGS = ("-fno-pic", "-fno-pie")
# What a library's header does not declare is its own business: others have such names too.
_LIBRARY_FLAGS = ("-fpic", "-fvisibility=hidden", "-Xclang", "-fapply-global-visibility-to-externs")
_MOVABLE_FLAGS = ("-fpie", "-fvisibility=hidden", "-Xclang", "-fapply-global-visibility-to-externs")
_MOVABLE = ("-pie", "--no-dynamic-linker", "-Bsymbolic", "-z", "nodynamic-undefined-weak")
LINK_FLAGS = (
    "--gc-sections",
    "--build-id=none",
    "-O0",  # strings of different micro-libraries are not merged: each byte has one owner
    "-z",
    "norelro",
)


_CACHE = ".zig-cache"
STATE = ("tb_the_context", "tb_the_store")


@dataclass(frozen=True, slots=True)
class Linked:
    """image: the bytes to ship. full: the same with symbols and line tables. link_map: of the linker. All
    three are empty where the linker failed. owners: object file name -> micro-library. members: (struct,
    micro-library, bytes) of the state. objects: what was linked, in the order of owners;
    starts: the functions that can be called from outside. format: as the target's; pieces: the parts of C
    text."""

    image: bytes
    full: bytes
    link_map: str
    owners: dict[str, str]
    members: tuple[tuple[str, str, int], ...]
    objects: tuple[bytes, ...]
    starts: tuple[str, ...] = (START,)
    format: str = "elf"
    pieces: tuple[Piece, ...] = ()


class LinkError(BuildError):
    """The object files do not fit together. linked: they are in it, and no image."""

    def __init__(self, message: str, linked: Linked) -> None:
        super().__init__(message)
        self.linked = linked


def compile_(
    sources: Sources, target: Target, kind: Kind = EXE, *, symbols: bool = False, keep: Path | None = None
) -> Linked:
    """Compile and link *sources* into an artifact of this kind. symbols: leave section headers and symbols in
    the shipped image. keep: a folder in which the generated C stays. Raises BuildError with the compiler's
    messages, LinkError where the linker fails, UsageError for what the target does not have."""
    if kind.shared and not target.library_script:
        raise UsageError(f"target {target.name} has no shared libraries: leave out --artifact {kind.name}")
    with _workplace(keep) as folder:
        if target.format == "c":
            from .c_text import c_text

            return c_text(sources, target.platform, folder)
        objects = _compile_all(sources, target, kind, folder)
        if target.format == "wasm":
            from .wasm import link

            return link(objects, sources, folder, symbols)
        linked = _link(objects, sources, target, kind, folder, symbols)
        if not kind.scanned:
            return linked
        from .scanned import clean

        def again(flags: Mapping[str, tuple[str, ...]]) -> Linked:
            made = _compile_all(sources, target, kind, folder, flags)
            return _link(made, sources, target, kind, folder, symbols)

        return clean(linked, again)


@contextmanager
def _workplace(keep: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tblvm-", ignore_cleanup_errors=True) as name:
        try:
            yield Path(name)
        finally:  # what does not compile is what people want to see
            if keep is not None:
                _copy(Path(name), keep)


def _copy(work: Path, keep: Path) -> None:
    try:
        shutil.copytree(work, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_CACHE))
    except OSError as error:
        raise UsageError(f"cannot keep the generated C in {keep}: {error.strerror or error}") from None


def write_sources(sources: Sources, folder: Path) -> None:
    """Write the generated C into *folder*."""
    for name, text in sources.headers.items():
        (folder / name).write_text(text, "utf-8")
    for unit in (*sources.units, sources.layout):
        (folder / unit.name).write_text(unit.text, "utf-8")


def _environment(folder: Path) -> dict[str, str]:
    """The compiler's environment. It insists on caches; nothing here gains from them, and a home that
    cannot be written to is no reason to fail."""
    caches = {name: str(folder / _CACHE) for name in ("ZIG_LOCAL_CACHE_DIR", "ZIG_GLOBAL_CACHE_DIR")}
    return {**caches, **os.environ, "LC_ALL": "C"}


def _compile_all(
    sources: Sources,
    target: Target,
    kind: Kind,
    folder: Path,
    flags: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> dict[str, Path]:
    """The object file of each unit. flags: further ones for some, by object file."""
    write_sources(sources, folder)
    include = [f"-I{folder}", *(f"-I{path}" for path in sources.include)]
    # Line tables name no folder of this machine: the same inputs give the same bytes everywhere.
    include += [f"-ffile-prefix-map={folder}=.", "-ffile-compilation-dir=."]
    include += [f"-ffile-prefix-map={path}={path.parent.name}/{path.name}" for path in sources.include]
    commands = {}
    for unit in (*sources.units, sources.layout):
        source, made = folder / unit.name, folder / (unit.name + ".o")
        command = [*compiler(target), *COMPILE_FLAGS, *_flags(kind), *include]
        command += [*unit.flags, *flags.get(made.name, ())]
        commands[unit.name] = ([*command, "-c", str(source), "-o", str(made)], made)
    run_all([command for command, _ in commands.values()], folder)
    for name, (_, made) in commands.items():
        if not is_made(made, target.format):
            raise BuildError(
                f"the C compiler made no object file of {name}: pip install --force-reinstall ziglang"
            )
    return {name: made for name, (_, made) in commands.items()}


_MAGIC = {"elf": b"\x7fELF\x02", "wasm": b"\0asm\1\0\0\0"}


def is_made(path: Path, format_: str) -> bool:
    """Whether a file is what a compiler or linker makes of this format: it may be anything else."""
    magic = _MAGIC[format_]
    return path.is_file() and path.read_bytes()[: len(magic)] == magic and path.stat().st_size >= 64


def compiler_error(status: int, errors: str) -> BuildError:
    if status < 0:
        return BuildError(
            f"the C compiler was ended by signal {-status}: is there room, in memory and on the disk?"
        )
    return BuildError(f"the C compiler failed:\n{printable_lines(errors).strip()}")


def run_all(
    commands: Sequence[list[str]],
    folder: Path,
    told: Callable[[int, str], Exception] = compiler_error,
    heard: Callable[[str], None] = lambda text: None,
) -> None:
    """Run *commands*, as many at a time as there are processors. told: the error for an exit status and what
    was written to standard error; heard: gets what those write there that succeed."""
    waiting = list(commands)
    running: list[subprocess.Popen[str]] = []
    try:
        while waiting or running:
            while waiting and len(running) < max(2, os.cpu_count() or 1):
                with unbroken():
                    running.append(_start(waiting.pop(0), folder))
            process = running[0]
            _, errors = process.communicate()
            del running[0]
            if process.returncode:
                raise told(process.returncode, errors)
            if errors:
                heard(errors)
    finally:
        for process in running:
            # With what it has started itself: nothing writes to a folder that is being removed.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=_environment(folder),
            start_new_session=True,
        )
    except OSError as error:
        raise BuildError(f"the C compiler does not start: {error}") from None


def _flags(kind: Kind) -> tuple[str, ...]:
    if kind.movable:
        return _MOVABLE_FLAGS
    return _LIBRARY_FLAGS if kind.shared else _EXECUTABLE_FLAGS


def _link(
    objects: dict[str, Path], sources: Sources, target: Target, kind: Kind, folder: Path, symbols: bool
) -> Linked:
    layout = objects.pop(sources.layout.name)
    full, image, link_map = folder / "full.elf", folder / "image.elf", folder / "link.map"
    common = [str(zig()), "ld.lld", "-m", target.emulation]
    if kind.shared:
        common += ["-shared", "--no-undefined", "-Bsymbolic", "-e", "0", "-T", target.library_script]
    else:
        common += [*(_MOVABLE if kind.movable else ["-static"]), "-T", target.link_script, "-e", kind.start]
    common += [
        *LINK_FLAGS,
        "-z",
        f"max-page-size={target.page_size}",
        *(str(each) for each in objects.values()),
    ]
    # Whoever links with a shared library finds what it shows by its section headers.
    whole = symbols or kind.shared
    strip = [*(["-s"] if not symbols else []), *(["-z", "nosectionheader"] if not whole else [])]
    owners = {objects[unit.name].name: unit.owner for unit in sources.units}
    linked = Linked(
        image=b"",
        full=b"",
        link_map="",
        owners=owners,
        members=members(layout_numbers(layout.read_bytes()), sources),
        objects=tuple(each.read_bytes() for each in objects.values()),
        starts=_exported(objects.values()) if kind.shared else (kind.start,),
    )

    def error(status: int, text: str) -> BuildError:
        from .link_errors import explained

        return LinkError(explained(status, text, owners, folder), linked)

    words = [[*common, f"-Map={link_map}", "-o", str(full)], [*common, *strip, "-o", str(image)]]
    run_all(words, folder, error)
    if not (is_made(full, "elf") and is_made(image, "elf") and link_map.is_file()):
        raise error(0, "it made no executable: pip install --force-reinstall ziglang")
    shipped = image.read_bytes()
    return replace(
        linked,
        image=shipped if whole else _loaded_part(shipped),
        full=full.read_bytes(),
        link_map=link_map.read_text("utf-8", "replace"),
    )


def _exported(objects: Iterable[Path]) -> tuple[str, ...]:
    """The functions that a shared library of *objects* shows."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    found = []
    for path in objects:
        with path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            assert isinstance(table, SymbolTableSection), "compilers write a symbol table"
            found += [
                each.name
                for each in table.iter_symbols()
                if each["st_info"]["bind"] == "STB_GLOBAL"
                and each["st_info"]["type"] == "STT_FUNC"
                and each["st_other"]["visibility"] == "STV_DEFAULT"
                and each["st_shndx"] != "SHN_UNDEF"
            ]
    return tuple(found)


def layout_numbers(compiled: bytes) -> list[int]:
    """The numbers of the table in the layout unit, an ELF object."""
    from elftools.elf.elffile import ELFFile

    section = ELFFile(io.BytesIO(compiled)).get_section_by_name(".rodata.tb_layout")
    assert section is not None, "the table is a constant array with a name of its own"
    data = section.data()
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def members(numbers: list[int], sources: Sources) -> tuple[tuple[str, str, int], ...]:
    """Bytes of each micro-library's members of the state structs; alignment goes to those before it."""
    found = []
    for (struct, library), at, (other, _), end in zip(
        sources.members, numbers, sources.members[1:], numbers[1:], strict=False
    ):
        if library and struct == other:
            found.append((struct, library, end - at))
    return tuple(found)


def _loaded_part(image: bytes) -> bytes:
    """*image* up to the end of its last segment: the linker leaves room for sections behind it, which
    nothing names once there are no section headers (ELF64, little-endian)."""
    first, size, count = (
        int.from_bytes(image[0x20:0x28], "little"),
        int.from_bytes(image[0x36:0x38], "little"),
        int.from_bytes(image[0x38:0x3A], "little"),
    )
    end = first + size * count
    for at in range(first, end, size):
        offset, in_file = (int.from_bytes(image[at + f : at + f + 8], "little") for f in (0x08, 0x20))
        end = max(end, offset + in_file if in_file else 0)
    return image[:end]
