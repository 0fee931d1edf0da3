"""From C to a WebAssembly module: clang and wasm-ld of the toolchain, our own headers and libc.

Functions keep their names and instructions their lines, in sections of their own, so that traps tell
them; executables have none of that.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from ...builder.compile import is_made, run_all
from ...builder.toolchain import zig
from ...core.errors import BuildError, TblvmError, UsageError
from ...core.printable import printable_lines

LIBC = Path(__file__).parent / "libc"
# WebAssembly 1.0 and what tblvm's translator knows beyond it. Long double is double: it needs no library.
TARGET = (
    "-target",
    "wasm32-unknown-unknown",
    "-mcpu=mvp",
    "-mbulk-memory",
    "-mbulk-memory-opt",
    "-msign-ext",
    "-mnontrapping-fptoint",
    "-mmutable-globals",
    "-mmultivalue",
    "-Xclang",
    "-mlong-double-64",
    "-fno-exceptions",
    "-ffp-contract=off",  # a fused multiply-add is a call here, and gcc on x86-64 makes none
    "-ffunction-sections",
    "-fdata-sections",
    "-gline-tables-only",
    "-fdebug-compilation-dir=.",
)
_OWN_FLAGS = ("-fno-rtti", "-fno-threadsafe-statics", "-fno-use-cxa-atexit")
_PREFIXES = ("-I", "-D", "-U", "-O", "-W", "-f", "-std=", "-m", "-g", "-pedantic", "-ansi", "-w")
_WITH_FILE = ("-I", "-D", "-U", "-include", "-isystem", "-iquote", "-idirafter", "-imacros")
_MAIN = re.compile(rb"__main_(?:void|argc_argv)\b")
_PAGE = 1 << 16


class CompilationError(TblvmError):
    """The program is no C that compiles and links: what compiler or linker say, as they say it."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What `c.flags` says: flags for the compiler, and other sources."""

    compiler: tuple[str, ...]
    sources: tuple[str, ...]


def read_flags(text: str) -> Flags:
    """The flags in a text, separated as a shell does. Raises UsageError for what has no meaning here."""
    try:
        words = iter(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"option c.flags: {error}: {text!r}") from None
    compiler: list[str] = []
    sources: list[str] = []
    for word in words:
        if word in _WITH_FILE:
            behind = next(words, None)
            if behind is None:
                raise UsageError(f"option c.flags: {word} wants a word behind it")
            compiler += [word, behind]
        elif word.startswith(_PREFIXES) or word.startswith(_WITH_FILE):
            compiler.append(word)
        elif word.startswith("-l"):
            continue  # all of the libc is at hand: -lm says nothing new
        elif word.startswith("-"):
            raise UsageError(f"option c.flags takes -I, -D, -U, -O, -W, -f, -std and sources, not {word!r}")
        else:
            sources.append(word)
    return Flags(tuple(compiler), tuple(sources))


def compile_(content: bytes, name: str, options: Mapping[str, int | str]) -> bytes:
    """The module that *content*, of the file *name*, is compiled to, with the sources that options name.

    options: c.flags, c.stack, c.memory. Raises CompilationError with the compiler's messages, UsageError for
    flags without a meaning, BuildError where the toolchain is not as it should be.
    """
    from .library import library

    flags = read_flags(str(options["c.flags"]))
    with _sources(content, name, flags) as (folder, sources):
        objects = [folder / f"{number}.o" for number in range(len(sources))]
        commands = [
            [*clang(flags, source), "-c", source, "-o", str(made)]
            for source, made in zip(sources, objects, strict=True)
        ]
        names = {str(made): source for source, made in zip(sources, objects, strict=True)}
        run_all(commands, folder, _failed(names, str(folder)), _warned(str(folder)))
        for source, made in zip(sources, objects, strict=True):
            if not is_made(made, "wasm"):
                raise BuildError(f"the C compiler made no object file of {source}")
        archive = folder / "libc.a"
        archive.write_bytes(library())
        module = folder / "module.wasm"
        run_all(
            [[*_linker(objects, options), str(archive), "-o", str(module)]],
            folder,
            _failed(names, str(folder)),
        )
        if not is_made(module, "wasm"):
            raise BuildError("the linker made no module: pip install --force-reinstall ziglang")
        return module.read_bytes()


def reads(content: bytes, name: str, options: Mapping[str, int | str]) -> Iterator[Path]:
    """The files besides *content* that compiling it reads, but those of tblvm and the toolchain. Their names
    are those in the current folder: where that is another, the same program includes others.
    """
    flags = read_flags(str(options["c.flags"]))
    own = (LIBC.resolve(), zig().resolve().parent)
    with _sources(content, name, flags) as (folder, sources):
        found = set()
        for source in sources:
            command = [*clang(flags, source), "-M", "-MT", "x", source]
            rule = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
            # A make rule: names with their blanks behind backslashes, as are the ends of its lines.
            words = rule.partition(":")[2].replace("\\\n", " ").replace("\\ ", "\0").split()
            found |= {Path(word.replace("\0", " ")) for word in words}
        temporary = folder.resolve()
    for path in sorted(found):
        if path.is_file() and not any(home in path.resolve().parents for home in (*own, temporary)):
            yield path


def clang(flags: Flags, source: str) -> list[str]:
    """The compiler with what all sources get; flags come last, so that they can say otherwise."""
    command = [str(zig()), "clang", *TARGET, "-Oz", "-fvisibility=default", "-fno-math-errno", *headers()]
    command += ["-fdebug-prefix-map=" + str(PurePath(source).parent) + "/="]
    if PurePath(source).suffix not in (".c", ".i", ".ll"):
        command += _OWN_FLAGS
    return [*command, "-Wno-unused-command-line-argument", *flags.compiler]


def headers() -> list[str]:
    """Where the compiler finds headers: ours, and behind them its own."""
    return ["-nostdinc", "-isystem", str(LIBC / "include"), "-isystem", str(zig().parent / "lib" / "include")]


@contextmanager
def _sources(content: bytes, name: str, flags: Flags) -> Iterator[tuple[Path, list[str]]]:
    """A temporary folder, and the names of all sources: the program's own where it has *content*."""
    with tempfile.TemporaryDirectory(prefix="tblvm-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        source = Path(name)
        try:
            same = source.read_bytes() == content
        except (OSError, ValueError):
            same = False
        if not same:
            source = folder / (PurePath(name).name or "program.c")
            source.write_bytes(content)
        for each in flags.sources:
            if not Path(each).is_file():
                raise UsageError(f"option c.flags: there is no source {each}")
        # A name that looks like a flag is none.
        first = str(source) if not str(source).startswith("-") else f"./{source}"
        yield folder, [first, *flags.sources]


def _linker(objects: Sequence[Path], options: Mapping[str, int | str]) -> list[str]:
    command = [str(zig()), "wasm-ld", "--gc-sections", "--stack-first", "-O2"]
    command += ["-z", f"stack-size={-(-int(options['c.stack']) // 16) * 16}"]
    if options["c.memory"]:
        command.append(f"--max-memory={-(-int(options['c.memory']) // _PAGE) * _PAGE}")
    if any(_MAIN.search(each.read_bytes()) for each in objects):
        command.append("--entry=_start")
    else:  # functions for others to call
        command += ["--no-entry", "--export-dynamic"]
    return [*command, *map(str, objects)]


def _failed(names: Mapping[str, str], folder: str) -> Callable[[int, str], TblvmError]:
    """What is said of a compiler or linker that fails; names: of objects -> of their sources."""

    def error(status: int, text: str) -> TblvmError:
        if status < 0:
            return BuildError(
                f"the C compiler was ended by signal {-status}: is there room, in memory and on the disk?"
            )
        for made, source in names.items():
            text = text.replace(made, source)
        text = text.replace(folder + "/", "")
        return CompilationError("it does not compile:\n" + printable_lines(text).strip())

    return error


def _warned(folder: str) -> Callable[[str], None]:
    """Warnings go where the compiler would write them."""

    def warn(text: str) -> None:
        import click

        click.echo(printable_lines(text.replace(folder + "/", "")).rstrip(), err=True)

    return warn
