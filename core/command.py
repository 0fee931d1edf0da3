"""What the command lines share: exit statuses, the way errors are told, reading and writing files."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from .errors import BuildError, TblvmError, UsageError
from .names import TRACE

EXIT_STATUS = """\b
Exit status:
  0    done; with --run, the program's own
  1    mistakes in the source        2    wrong usage
  3    toolchain or build failed     4    excluded or over budget
  5    invalid module                6    the host cannot offer what was asked
  124  the program's time was up     134  the program was stopped by a trap
"""


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
        click.echo(f"{tool}: {error}", err=True)
        sys.exit(error.status)
    except BrokenPipeError:
        raise  # click ends quietly when nobody reads any more
    except OSError as error:  # a full disk, no temporary folder: the machine's, not ours
        if debug:
            raise
        # What is left in the buffer of standard output would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = f" ({error.filename})" if error.filename else ""
        click.echo(f"{tool}: {error.strerror or error}{where}: free some space or give access", err=True)
        sys.exit(BuildError.status)


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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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
