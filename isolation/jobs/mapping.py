"""`tblvm.map`: one program over many inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from ...embed.store import Directories, Imports, Store, _program
from .errors import InputError
from .executors import Given, Supply
from .flow import Flow
from .result import Result
from .worker import Job

if TYPE_CHECKING:
    from ...core.module import Module

AHEAD = 16  # inputs a worker


class Results(Iterator[Result]):
    """Results of `map`, as they come. For one thread; closing it, or the end of a `with` block, drops what
    is not done. isolation: the level that was taken: "none", "process" or "mpk"."""

    def __init__(self, flow: Flow, isolation: str) -> None:
        self.flow, self.isolation = flow, isolation
        self._results = iter(flow)

    def __next__(self) -> Result:
        return next(self._results)

    def close(self) -> None:
        """Nothing more is read and run: programs that run in this process or in its sandboxes are stopped,
        what waits in an executor is cancelled, what runs in another process of an executor ends by
        itself."""
        self._results.close()

    def __enter__(self) -> Results:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def map(
    program: str | Path | bytes | Module,
    inputs: Iterable[Any],
    *,
    call: str | None = None,
    executor: Given = None,
    workers: int | None = None,
    ordered: bool = True,
    retries: int = 0,
    ahead: int | None = None,
    features: Iterable[str] = (),
    plugins: Iterable[str | Path] = (),
    memory: int | str | None = None,
    stack: int | str | None = None,
    fuel: float | str | None = None,
    timeout: float | str | None = None,
    output: int | str | None = "16M",
    grants: Iterable[str] = (),
    imports: Imports | None = None,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    dirs: Directories | None = None,
    isolation: str = "auto",
    engine: str | None = None,
) -> Results:
    """Run *program* for each input, each time in a fresh instance with limits of its own: results as they
    come.

        for result in tblvm.map("fib.tba", range(30), call="fib", fuel=10_000_000):
            print(result.index, result.get())

    program: as for `load`. call: the function that is called: an input is a tuple or list of its arguments,
    or anything else its only one. Without it the program is run from its entry point: an input is what it
    reads, bytes, text or None.

    executor: who does it: an executor with the interface of concurrent.futures, or a function that makes
    one; without it threads. workers: how many, else as many as the executor has, or as there are
    processors. ordered: results come in the order of the inputs, else as they are done. retries: how often
    an input is run again whose worker was lost. ahead: how many inputs are read, at most, beyond those
    whose results were delivered (16 a worker).

    All besides is as for `load`, and for each instance; but isolation is "auto": each instance is in a
    sandbox of its own. With an executor whose workers are other processes the imports are functions that can
    be pickled.

    Raises what `load` raises for a program or a limit that cannot be; a program that does not load, or has
    no such function, is told by the first result that is asked for. What the inputs raise is raised again,
    behind the results of those before. All else that goes wrong is told by the result that it concerns.
    """
    options: dict[str, Any] = {
        "features": tuple(features) if not isinstance(features, str) else features,
        "plugins": tuple(plugins) if not isinstance(plugins, (str, Path)) else plugins,
        "memory": memory,
        "stack": stack,
        "fuel": fuel,
        "timeout": timeout,
        "output": output,
        "grants": tuple(grants) if not isinstance(grants, str) else grants,
        "imports": imports,
        "args": args,
        "env": env,
        "dirs": dirs,
        "engine": engine,
    }
    job, _ = job_of(program, call, isolation, options)
    if isinstance(inputs, (str, bytes, bytearray, memoryview, Mapping)):
        raise UsageError(
            f"inputs are several: a list, or anything else with them, not {type(inputs).__name__}"
        )
    supply = Supply(executor, workers)
    flow = Flow(
        job,
        inputs,
        stdin_of if call is None else arguments_of,
        supply,
        ordered=ordered,
        retries=_number("retries", retries, 0),
        ahead=AHEAD * supply.workers if ahead is None else _number("ahead", ahead, 1),
    )
    return Results(flow, job.level)


def job_of(program: Any, call: str | None, level: str, options: Mapping[str, Any]) -> tuple[Job, Module]:
    """What is run for each input, translated and verified once, and the module. level: of isolation;
    options: the others of `load`. Raises what `load` raises for them and for the program."""
    if call is not None and not isinstance(call, str):
        raise UsageError(f"call is the name of a function, not {call!r}")
    store = Store(**options, isolation=level)  # says what they cannot be
    _, module, content = _program(program, store._known, store._plugins)
    if content is None:
        from ...core.tbc import write
        from ...stack import verify

        content = write(verify(module, store._known().isa).module)
    return Job(content, call, store.isolation, {**options, "engine": store.engine}), module


def _number(name: str, value: int, least: int) -> int:
    if not isinstance(value, int) or value < least:
        raise UsageError(f"{name} is a number from {least} on, not {value!r}")
    return value


def arguments_of(given: Any) -> tuple[Any, ...]:
    """The arguments of a call that an input stands for."""
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)


def stdin_of(given: Any) -> bytes:
    """What a program reads that an input stands for. Raises InputError."""
    if given is None:
        return b""
    if isinstance(given, str):
        try:
            return given.encode()
        except UnicodeEncodeError:
            raise InputError(
                "half of a surrogate pair is in no text that a program can read: give bytes"
            ) from None
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    raise InputError(
        f"what a program reads is bytes or text, not {type(given).__name__}: call= calls a function"
    )
