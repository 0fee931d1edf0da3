"""A program that this process runs, with limits and behind walls: its console is ours, its end is ours."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ..core.printable import escaped_json, printable_lines

if TYPE_CHECKING:
    from ..embed.errors import Stopped
    from ..embed.instance import Instance
    from ..embed.store import Store

# How long what was told to stop may take; then we end without it.
_LEAVE = 5.0
# Why a program ended, as machines read it, by the exception.
_REASONS = {
    "DeadlineExceeded": "deadline",
    "FuelExhausted": "fuel",
    "MemoryExceeded": "memory",
    "StackExceeded": "stack",
    "OutputExceeded": "output",
    "Violation": "violation",
    "Blocked": "blocked",
    "Crashed": "crashed",
}


def run(store: Store, program: bytes, name: str, words: Iterable[str] | None, report: str) -> int:
    """Run *program*, the content of a .tbc file, to its end: the exit status that it has then.

    name: what messages and the program itself call it. words: its arguments, None where it takes none.
    report: "text" or "json" for one on standard error, "" for none. Raises what loading it raises.
    """
    from ..embed.errors import Stopped

    running = _Running(store, program, name, words)
    status, reason = 0, "ended"
    try:
        status = running.wait() & 0xFF
    except Stopped as error:
        status, reason = error.status, _REASONS.get(type(error).__name__, "trap")
        _say(error)
    if report:
        found = running.vm.report() if running.vm is not None else None
        if report == "json":
            data = {"exit_reason": reason, "status": status, **(found.data() if found else {})}
            text = escaped_json(json.dumps(data, indent=2, ensure_ascii=False))
        else:
            text = f"exit reason    {reason}, status {status}" + (f"\n{found}" if found else "")
        click.echo(printable_lines(text) if report == "text" else text, err=True)
    return status


class _Running:
    """A program that runs in a thread: the main one is for signals, whatever the program does."""

    def __init__(self, store: Store, program: bytes, name: str, words: Iterable[str] | None) -> None:
        self.vm: Instance | None = None
        self._given = (store, program, name, words)
        self._status = 0
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="tblvm run", daemon=True)
        self._thread.start()

    def wait(self) -> int:
        """The exit status. Raises what it raises, and what signals raise here."""
        try:
            self._thread.join()
        except BaseException:
            if self.vm is not None:
                self.vm.interrupt()
                self._thread.join(_LEAVE)
            raise
        if self._error is not None:
            raise self._error
        return self._status

    def _work(self) -> None:
        store, program, name, words = self._given
        try:
            self.vm = store.load(program, name=name)
            given = None if words is None else tuple(words)
            self._status = self.vm.run(stdin=_input(), stdout=_Output(), args=given).status  # type: ignore[arg-type]
        except BaseException as error:
            self._error = error


class _Output:
    """Standard output, where what a program writes is seen at once."""

    def write(self, data: bytes) -> int:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return len(data)


def _input() -> Any:
    """Standard input, which gives what there is without waiting for more."""
    stream = sys.stdin.buffer
    return getattr(stream, "raw", stream)


def _say(stopped: Stopped) -> None:
    from ..embed.errors import Trap

    trap = "trap: " if isinstance(stopped, Trap) else ""
    click.echo(printable_lines(f"tblvm: {trap}{stopped}"), err=True)
    cause = stopped.__cause__
    if cause is not None:
        click.echo(printable_lines(f"  because of {type(cause).__name__}: {cause}"), err=True)


def variables(given: Iterable[str]) -> dict[str, str]:
    """The variables that --env lets a program have: NAME=VALUE, NAME of this process, * for all."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if equals:
            found[name] = value
        elif name == "*":
            found |= os.environ
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def directories(given: Iterable[str]) -> dict[str, Any]:
    """The directories that --dir lets a program have: HOST[::GUEST][:ro], by what the program calls them."""
    from ..embed.store import ReadOnly

    found: dict[str, Any] = {}
    for each in given:
        read_only = each.endswith(":ro") and len(each) > 3
        host, _, guest = (each[:-3] if read_only else each).partition("::")
        found[guest or host] = ReadOnly(host) if read_only else host
    return found
