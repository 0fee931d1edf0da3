"""Functions of math.h: how far they are from gcc's in long double, in units of the last place; special values.

The same driver is compiled by gcc, and by us to a module that wasmtime runs.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wasmtime
from numpy.typing import NDArray

from tblvm.frontends.c.compile import compile_

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
DRIVER = Path(__file__).parent / "drivers" / "math.c"
SIZE = 4096
LEAST = np.float64(5e-324)
XS, YS, ZS, OUT, MORE, FLOATS = range(6)
Doubles = NDArray[np.float64]

# docs/c.md has these: half a unit is the best that there is; the float functions round the double's result.
BOUNDS = {"sin": 0.8, "cos": 0.8, "log": 0.8, "exp": 0.65}
BOUND = 0.52
# A result below the normal numbers is rounded twice.
SUBNORMAL_BOUND = 1.0
EXACT = ("logb", "fabs", "ceil", "floor", "nearbyint", "rint", "round", "trunc", "fmod", "remainder")
EXACT += ("copysign", "nextafter", "fmax", "fmin")
SPECIAL = np.array(
    [
        *(
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            -2.0,
            0.5,
            -0.5,
            np.inf,
            -np.inf,
            np.nan,
            5e-324,
            -5e-324,
            1.5,
            2.5,
            -1.5,
            -2.5,
        ),
        *(
            3.0,
            -3.0,
            1e300,
            -1e300,
            1e-300,
            2.2250738585072014e-308,
            1.7976931348623157e308,
            -1.7976931348623157e308,
        ),
        *(
            0.9999999999999999,
            1.0000000000000002,
            709.782712893384,
            709.7827128933841,
            -745.1332191019411,
            -745.2,
        ),
        *(
            -708.4,
            4503599627370497.5,
            9007199254740993.0,
            171.6243769563027,
            171.7,
            1e22,
            6381956970095103.0 * 2.0**797,
        ),
    ]
)


class Theirs:
    """The driver as gcc compiles it."""

    def __init__(self, library: Path) -> None:
        self.lib = ctypes.CDLL(str(library))
        self.lib.name_of.restype = ctypes.c_char_p
        self.lib.array.restype = ctypes.c_void_p
        self.arrays: list[NDArray[Any]] = []
        for which in range(6):
            kind = ctypes.c_float if which == FLOATS else ctypes.c_double
            place = (kind * SIZE).from_address(self.lib.array(which))
            self.arrays.append(np.frombuffer(place, dtype=np.float32 if which == FLOATS else np.float64))

    def call(self, name: str, *arguments: int, given: tuple[Doubles, ...]) -> None:
        for which, values in enumerate(given):
            self.arrays[which][:] = values
        getattr(self.lib, name)(*arguments)

    def result(self, which: int = OUT) -> NDArray[Any]:
        return self.arrays[which].copy()


class Ours:
    """The driver as we compile it."""

    def __init__(self, module: bytes) -> None:
        engine = wasmtime.Engine()
        self.store = wasmtime.Store(engine)
        instance = wasmtime.Instance(self.store, wasmtime.Module(engine, module), [])
        self.exports: Any = instance.exports(self.store)
        self.places = [self.exports["array"](self.store, which) for which in range(6)]

    def call(self, name: str, *arguments: int, given: tuple[Doubles, ...]) -> None:
        for which, values in enumerate(given):
            self.exports["memory"].write(self.store, values.tobytes(), self.places[which])
        self.exports[name](self.store, *arguments)

    def result(self, which: int = OUT) -> NDArray[Any]:
        size, kind = (4, np.float32) if which == FLOATS else (8, np.float64)
        place = self.places[which]
        return np.frombuffer(self.exports["memory"].read(self.store, place, place + size * SIZE), dtype=kind)


Machines = tuple[Ours, Theirs]
# Numbers of all sizes become floats.
pytestmark = pytest.mark.filterwarnings("ignore:.* encountered in .*:RuntimeWarning")


@pytest.fixture(scope="module")
def machines(gcc: Callable[..., Path]) -> Machines:
    theirs = Theirs(gcc(DRIVER, "-fno-builtin", "-shared", "-fPIC", name="math.so"))
    options: dict[str, int | str] = {"c.flags": "", "c.stack": 1 << 16, "c.memory": 0}
    return Ours(compile_(DRIVER.read_bytes(), str(DRIVER), options)), theirs


def inputs(rng: np.random.Generator, kind: int) -> Doubles:
    spread = np.exp(rng.uniform(-8, 8, SIZE))
    found: Doubles
    if kind == 0:
        found = rng.integers(0, 2**64, SIZE, dtype=np.uint64).view(np.float64).copy()
    elif kind == 1:
        found = rng.uniform(-1, 1, SIZE)
    elif kind == 2:
        found = rng.normal(0, 1, SIZE) * spread
    elif kind == 3:
        found = rng.uniform(-30, 30, SIZE)
    elif kind == 4:
        found = 1 + rng.normal(0, 1, SIZE) * np.exp(rng.uniform(-30, 0, SIZE))
    elif kind == 5:
        found = rng.uniform(-750, 750, SIZE)
    else:
        found = rng.integers(-40, 40, SIZE) / 2.0
    found[: len(SPECIAL)] = SPECIAL
    return found


def pairs(rng: np.random.Generator, kind: int) -> tuple[Doubles, Doubles]:
    x, y = inputs(rng, kind), inputs(rng, (0, 3, 2, 6, 3, 6, 3)[kind])
    if kind == 6:
        both = np.array(np.meshgrid(SPECIAL, SPECIAL)).reshape(2, -1)
        x[: both.shape[1]], y[: both.shape[1]] = both
    return x, y


def same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    return (a == b) | (np.isnan(a) & np.isnan(b))


def distance(found: Doubles, high: Doubles, low: Doubles) -> Doubles:
    """How far *found* is from high + low, in units of high's last place; infinite where one of them is no number."""
    with np.errstate(all="ignore"):
        unit = np.maximum(np.spacing(np.abs(high)), LEAST)
        error: Doubles = np.abs((found - high) - low) / unit
    error[same(found, high) & ~(np.isfinite(high) & (np.abs(low) > 0))] = 0
    error[~np.isfinite(error)] = np.inf
    return error


def names() -> list[str]:
    text = DRIVER.read_text()
    listed = text[text.index("#define ONE(F)") : text.index("#ifdef __wasm__")]
    return [word[2:-1] for word in listed.split() if word.startswith("F(") and word != "F)"]


@pytest.mark.parametrize("name", names())
def test_accuracy(name: str, machines: Machines) -> None:
    ours, theirs = machines
    count = theirs.lib.count()
    function = next(i for i in range(count) if theirs.lib.name_of(i) == name.encode())
    rng = np.random.default_rng([SEED, function])
    normal = np.finfo(np.float64).tiny
    bound = 0.0 if name in EXACT else BOUNDS.get(name, BOUND)
    for kind in [*range(7)] * SCALE:
        given = pairs(rng, kind)
        for each in machines:
            each.call("evaluate", function, SIZE, given=given)
        found, high, low = ours.result(), theirs.result(), theirs.result(MORE)
        if name in EXACT:
            low = np.zeros_like(high)  # what is exact in double is not always so in long double
        error = distance(found, high, low)
        if name not in ("fmax", "fmin"):  # of 0 and -0 either
            error[(high == 0) & (low == 0) & (np.signbit(found) != np.signbit(high)) & (found == 0)] = np.inf
        allowed = np.where(np.abs(high) < normal, max(bound, SUBNORMAL_BOUND), bound)
        allowed = np.where(np.isin(np.abs(high), (normal,)), max(bound, SUBNORMAL_BOUND), allowed)
        bad = int(np.argmax(error - allowed))
        assert error[bad] <= allowed[bad], (
            f"{name}({given[0][bad]!r}, {given[1][bad]!r}) = {found[bad]!r}, not {high[bad]!r}: {error[bad]} units; "
            f"TBLVM_TEST_SEED={SEED}"
        )
        if name != "nextafter":
            narrow = tuple(each.astype(np.float32).astype(np.float64) for each in given)
            ours.call("evaluate_float", function, SIZE, given=narrow)
            theirs.call("evaluate", function, SIZE, given=narrow)
            rounded = theirs.result().astype(np.float32)
            off = ~same(ours.result(FLOATS), rounded)
            # A double rounding: once in many millions.
            steps = ours.result(FLOATS)[off].view(np.int32) - rounded[off].view(np.int32)
            assert np.all(np.abs(steps) <= 1) and off.sum() <= 1, (name, narrow[0][off], rounded[off])


def test_fma(machines: Machines) -> None:
    ours, theirs = machines
    rng = np.random.default_rng([SEED, 1000])
    for kind in [*range(7)] * SCALE:
        x, y = pairs(rng, kind)
        z = inputs(rng, kind)
        with np.errstate(all="ignore"):
            near = -(x * y) * (1 + rng.integers(-3, 4, SIZE) * 2.0**-52)  # what cancels
        z = np.where(rng.random(SIZE) < 0.5, z, near)
        for name, which in (("evaluate_double", OUT), ("evaluate_fmaf", FLOATS)):
            for each in machines:
                each.call(name, SIZE, given=(x, y, z))
            found, expected = ours.result(which), theirs.result(which)
            off = ~same(found, expected) | ((found == 0) & (np.signbit(found) != np.signbit(expected)))
            assert not off.any(), (
                name,
                x[off][:3],
                y[off][:3],
                z[off][:3],
                found[off][:3],
                expected[off][:3],
            )


@pytest.mark.parametrize("what", range(8))
def test_numbers_and_integers(what: int, machines: Machines) -> None:
    rng = np.random.default_rng([SEED, 2000 + what])
    for kind in [*range(7)] * SCALE:
        x, y = pairs(rng, kind)
        if what == 0:
            y = np.round(np.where(np.abs(y) < 5000, y, 1100))
        given = (x, y)
        for each in machines:
            each.call("evaluate_whole", what, SIZE, given=given)
        ours, theirs = machines
        for which in (OUT, MORE):
            found, expected = ours.result(which), theirs.result(which)
            off = ~same(found, expected) | ((found == 0) & (np.signbit(found) != np.signbit(expected)))
            if which == MORE and what in (1, 3, 4):
                off &= np.isfinite(x) & (x != 0) & np.isfinite(theirs.result())  # nothing is said of others
            assert not off.any(), (what, x[off][:3], y[off][:3], found[off][:3], expected[off][:3])
