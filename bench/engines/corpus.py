"""Three real modules (tests/corpus.toml): a formatter of JSON, PNG files, JavaScript. Each is called by
Python, as its own package does, on wasmtime, wasm3 and our engines; what counts is the processor's time of
the calls."""

from __future__ import annotations

import hashlib
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import wasmtime
from wasmtime import _ffi

from tblvm.builder.artifacts import KINDS
from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.errors import TblvmError
from tblvm.core.registry import Registry, load
from tests.corpus.drivers.formatters import Dprint
from tests.corpus.drivers.images import decoded, encoded, picture
from tests.corpus.drivers.quickjs import Engine as JavaScript
from tests.corpus.fetch import Unavailable, content
from tests.corpus.given import Given
from tests.corpus.machines import Imports, Machine, Wasmtime, composed
from tests.corpus.manifest import Program, program

from .figures import Ratio

BASE = "wasmtime"
DIFFERENT = "it does not give what"
_SIEVE = """
(function (n) {
  const a = new Uint8Array(n + 1);
  let c = 0;
  for (let i = 2; i <= n; i++) {
    if (a[i]) continue;
    c++;
    for (let j = i * i; j <= n; j += i) a[j] = 1;
  }
  return c;
})(%d)
"""
_WORDS = "Object.entries([...'%s'].reduce((m, c) => (m[c] = (m[c] || 0) + 1, m), {})).sort().join()"


class Clock:
    """Seconds of processor that calls took."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = False

    def timed(self, kind: type[Machine]) -> type[Machine]:
        """The same way to use a program, with calls that count here; those within others count once."""
        clock = self

        class Timed(kind):  # type: ignore[valid-type, misc]
            def call(self, name: str, *arguments: Any) -> Any:
                if clock._inside:
                    return super().call(name, *arguments)
                clock._inside, began = True, time.process_time()
                try:
                    return super().call(name, *arguments)
                finally:
                    clock.seconds += time.process_time() - began
                    clock._inside = False

        return Timed


def _dprint(make: Callable[..., Machine], given: Given) -> bytes:
    numbers = given.random()
    plugin = Dprint(make())
    records = [
        {
            "id": n,
            "name": f"n{n}",
            "at": [numbers.random(), -n, None],
            "tags": {"a": [], "b": [True] * (n % 7)},
        }
        for n in range(20 * given.scale)
    ]
    done, text = plugin.format(json.dumps(records, separators=(" ,", ":\n ")))
    assert done == "changed" and json.loads(text) == records
    return text.encode()


def _lodepng(make: Callable[..., Machine], given: Given) -> bytes:
    machine, width, height = make(), 64, 4 * given.scale
    machine.call("_initialize")
    pixels = picture(given.random(), width, height)
    made = encoded(machine, pixels, width, height)
    assert decoded(machine, made) == (width, height, pixels)
    return made


def _quickjs(make: Callable[..., Machine], given: Given) -> bytes:
    engine, found = JavaScript(make, given), []
    for code in (
        _SIEVE % (1000 * given.scale),
        "function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } f(18)",
    ):
        found.append(engine.run(code))
    text = "".join(random.Random(given.seed).choice("abcdefgh") for _ in range(100 * given.scale))
    found.append(engine.run(_WORDS % text))
    assert all(kind == "value" for kind, _ in found), found
    return repr(found).encode()


WORK = {"dprint-json": _dprint, "lodepng": _lodepng, "quickjs": _quickjs}


def _winch(data: bytes) -> type[Machine]:
    config = wasmtime.Config()
    _ffi.wasmtime_config_strategy_set(config.ptr(), 2)
    engine = wasmtime.Engine(config)
    module = wasmtime.Module(engine, data)

    class Winch(Wasmtime):
        def compiled(self, content: bytes) -> tuple[wasmtime.Engine, wasmtime.Module]:
            return engine, module

    return Winch


def _ours(
    wanted: Program, data: bytes, name: str, features: Sequence[str], registry: Registry, place: Path
) -> type[Machine]:
    request = Request(artifact=KINDS["shared"], engine=name, features=tuple(features))
    return composed(build(translate(data, wanted.name, registry), registry, request), place)


def machines(wanted: Program, data: bytes, folder: Path) -> dict[str, Callable[[], type[Machine]]]:
    """By name, ways to use a program."""
    registry = load()
    made: dict[str, Callable[[], type[Machine]]] = {BASE: lambda: Wasmtime, "winch": lambda: _winch(data)}
    try:
        from .hosts.machine_wasm3 import Wasm3

        made["wasm3"] = lambda: Wasm3
    except ImportError:
        pass
    for name in registry.engines:
        for suffix, features in (("", ()), ("+fuel", ("core.fuel",))):
            place = folder / f"{wanted.name}-{name}{suffix}.so"
            made[name + suffix] = lambda name=name, features=features, place=place: _ours(
                wanted, data, name, features, registry, place
            )
    return made


def corpus(
    folder: Path,
    rounds: int,
    scale: int,
    tell: Callable[[str], None],
    keep: Callable[[object], None] = lambda rows: None,
) -> tuple[dict[str, dict[str, list[float]]], dict[str, str], dict[str, str]]:
    """Module -> engine -> seconds of each run, in turns; what failed; and what peers cannot run.
    keep: told what there is after each module."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, list[float]]] = {}
    failed: dict[str, str] = {}
    unable: dict[str, str] = {}
    for name, work in WORK.items():
        wanted = program(name)
        try:
            data = content(wanted)
        except Unavailable as error:
            failed[name] = str(error)
            continue
        kinds: dict[str, type[Machine]] = {}
        for engine, make in machines(wanted, data, folder).items():
            tell(f"corpus: {name}: building for {engine}")
            try:
                kinds[engine] = make()
            except (TblvmError, wasmtime.WasmtimeError) as error:
                failed[f"{name} on {engine}"] = str(error)
        rows[name] = _in_turns(name, data, work, kinds, Given(wanted, 1, scale), rounds, failed, tell)
        for engine in set(kinds) - set(load().engines):
            if (what := f"{name} on {engine}") in failed and not failed[what].startswith(DIFFERENT):
                unable[what] = failed.pop(what)
        keep(rows)
    return rows, failed, unable


def _in_turns(
    name: str,
    data: bytes,
    work: Callable[[Callable[..., Machine], Given], bytes],
    kinds: Mapping[str, type[Machine]],
    given: Given,
    rounds: int,
    failed: dict[str, str],
    tell: Callable[[str], None],
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {engine: [] for engine in kinds}
    answer = ""
    for number in range(rounds):
        for engine, kind in kinds.items():
            if f"{name} on {engine}" in failed:
                continue
            tell(f"corpus: {name} on {engine}, run {number + 1} of {rounds}")
            clock = Clock()
            timed = clock.timed(kind)

            def make(imports: Imports | None = None, timed: Any = timed) -> Machine:
                return timed(data, imports or {}, None)  # type: ignore[no-any-return]

            try:
                given_back = hashlib.sha256(work(make, given)).hexdigest()
            except Exception as error:  # an engine that cannot run it, whatever it says
                failed[f"{name} on {engine}"] = f"{type(error).__name__}: {error}"
                continue
            answer = answer or given_back
            if given_back != answer:
                failed[f"{name} on {engine}"] = f"{DIFFERENT} {BASE} does"
                continue
            times[engine].append(clock.seconds)
    return {engine: each for engine, each in times.items() if f"{name} on {engine}" not in failed}


def ratios(rows: Mapping[str, Sequence[float]]) -> dict[str, Ratio]:
    """Medians and quartiles of an engine's times to those of BASE in the same rounds."""
    found = {}
    for engine, times in rows.items():
        each = [one / other for one, other in zip(times, rows.get(BASE, ()), strict=False)]
        if each:
            low, middle, high = (
                statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
            )
            found[engine] = Ratio(middle, low, high)
    return found
