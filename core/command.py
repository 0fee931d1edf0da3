"""What the command lines share: exit statuses, the way errors are told, reading and writing files."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, TypeVar

import click

from .errors import BuildError, TblvmError, UsageError
from .names import TRACE
from .printable import printable_lines

EXIT_STATUS = """\b
Exit status:
  0    done; with --run, the program's own
  1    mistakes in the source        2    wrong usage
  3    toolchain or build failed     4    excluded or over budget
  5    invalid module                6    the host cannot offer what was asked
  124  the program's time was up     134  the program was stopped by a trap
  128+n  signal n ended tool or program: 130 is Ctrl-C
"""
# Those that ask a process to end.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Tool(click.Command):
    """A command line of its own: what happens before and after its work is told as its own errors are; a
    signal ends it with what it has begun undone."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **more: Any
    ) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        name = prog_name or Path(sys.argv[0]).name
        with _streams(), _signals(name.split()[0]), reporting(name.split()[0], "--debug" in words):
            return super().main(words, name, **more)


class _Held:
    """Signals that came while nothing was to be interrupted."""

    depth = 0
    signals: ClassVar[list[int]] = []


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """What is begun here is done before a signal ends it: a process that is started is one that is known."""
    _Held.depth += 1
    try:
        yield
    finally:
        _Held.depth -= 1
        if _Held.signals and not _Held.depth:
            signal.raise_signal(_Held.signals.pop())


@contextlib.contextmanager
def _streams() -> Iterator[None]:
    """Standard streams that are closed lead nowhere, and no file that is opened takes their place."""
    with contextlib.ExitStack() as opened:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                setattr(sys, name, opened.enter_context(Path(os.devnull).open(mode)))
                opened.callback(setattr, sys, name, None)
        yield


@contextlib.contextmanager
def _signals(tool: str) -> Iterator[None]:
    """Signals that end the process do so by an exception: folders are removed, compilers ended."""

    def end(number: int, frame: FrameType | None) -> None:
        if _Held.depth:
            _Held.signals.append(number)
            return
        if number == signal.SIGINT:
            click.echo(f"\n{tool}: interrupted", err=True)
        sys.exit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # as nohup wants it
                signal.signal(number, end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


Function = TypeVar("Function", bound=Callable[..., Any])


def plugin_option(**more: Any) -> Callable[[Function], Function]:
    """`-p`, which all commands have that load plug-ins."""
    return click.option(
        "-p",
        "--plugin",
        "plugins",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="PLUGIN",
        help="Load a plug-in: a file, a folder, an installed one by name; no:NAME leaves one out.",
        **more,
    )


def _trace(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    """Sets the variable of the environment that registries look at, while the command runs."""
    if not given:
        return
    before = os.environ.get(TRACE)
    os.environ[TRACE] = "1"

    def restore() -> None:
        if before is None:
            os.environ.pop(TRACE, None)
        else:
            os.environ[TRACE] = before

    context.call_on_close(restore)


trace_option = click.option(
    "--trace-plugins",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_trace,
    help="Tell each call of a plug-in's hook, and what it gave, on standard error.",
)


@contextlib.contextmanager
def reporting(tool: str, debug: bool) -> Iterator[None]:
    """Tell a TblvmError in one message under the tool's name and end with its status; with *debug*, show
    where it came from."""
    try:
        yield
    except TblvmError as error:
        if debug:
            raise
        click.echo(printable_lines(f"{tool}: {error}"), err=True)  # files and modules have any names
        sys.exit(error.status)
    except BrokenPipeError:
        raise  # click ends quietly when nobody reads any more
    except OSError as error:  # a full disk, no temporary folder: the machine's, not ours
        if debug:
            raise
        # What is left in the buffer of standard output would fail again at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = f" ({error.filename})" if error.filename else ""
        click.echo(f"{tool}: {error.strerror or error}{where}: free some space or give access", err=True)
        sys.exit(BuildError.status)
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:  # of tblvm, or of a plug-in that does what no plug-in may
        if debug:
            raise
        told = printable_lines(f"{type(error).__name__}: {error}")
        click.echo(f"{tool}: a defect, of tblvm or a plug-in: {told}; --debug shows where", err=True)
        sys.exit(BuildError.status)


def file_name(path: Path) -> str:
    """A file's name as text: the same bytes are the same text in every locale, UTF-8 or not."""
    return os.fsencode(path).decode("utf-8", "replace")


def read_file(path: Path) -> bytes:
    """The content of a program's file. Raises UsageError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def write_file(path: Path, content: bytes, *, executable: bool = False) -> None:
    """Write *content* to *path*, all or nothing. Raises UsageError when that is not possible."""
    if not path.name:
        raise UsageError(f"cannot write {str(path)!r}: it names no file")
    # Not longer than any name that can be written.
    temporary = path.with_name(f".{os.getpid()}.tmp")
    try:
        try:
            temporary.write_bytes(content)
            if executable:
                temporary.chmod(0o755)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
