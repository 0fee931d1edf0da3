"""One mutant, and what may become of it: a module that is verified, loaded and run, or a refusal in words.

python -m tests.frontends.wasm.mutated MODULE.wasm
"""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

from tblvm import LoadError, Store, Trap, UsageError
from tblvm.core.registry import Registry
from tblvm.frontends.wasm import WasmError, translate
from tblvm.stack import verify

from .compare import bits
from .oracle import problem
from .smith import valid

# What both count differently: limits of this front-end, or of wasmtime's validator.
LIMITS = ("exceeds", "more than", "at most", "limit", "too many", "too large", "too deep")
FUEL = 100_000


def judged(content: bytes, registry: Registry) -> str:
    """What becomes of it: "malformed", "invalid", "unsupported", "not loaded", "run". Raises AssertionError for what
    must not be; any other exception is a fault by itself."""
    try:
        module = translate(content, "mutant", registry.isa)
    except WasmError as error:
        if not problem(content) and valid(content):
            assert error.kind == "unsupported" and any(each in str(error) for each in LIMITS), (
                f"wasmtime takes what is refused: {error}"
            )
        assert "\n" not in str(error) and len(str(error)) < 1000, "one line tells it"
        return error.kind
    why = problem(content)
    assert not why or any(each in why for each in LIMITS), f"wasmtime refuses it: {why}"
    verify(module, registry.isa)
    return run(content)


def run(content: bytes) -> str:
    """Load it and call each function once."""
    try:
        instance = Store(fuel=FUEL, memory=1 << 26, timeout=20).load(content)
    except LoadError as error:
        assert error.status in (4, 6), f"the loader refuses what the verifier takes: {error}"
        return "not loaded"
    except (Trap, UsageError):
        return "not loaded"
    rng = random.Random(0)
    with instance:
        for name, types in instance.functions.items():
            words = [each.strip() for each in types[1 : types.index(")")].split(",") if each.strip()]
            instance.fuel = FUEL
            with contextlib.suppress(Trap):
                instance.function(name, bits=True)(*(signed(each, bits(each, rng)) for each in words))
    return "run"


def signed(type_: str, value: int) -> int:
    width = int(type_[1:])
    return value - (1 << width) if type_[0] == "i" and value >> width - 1 else value


def main() -> None:
    from tblvm.core.registry import load

    print(judged(Path(sys.argv[1]).read_bytes(), load()))


if __name__ == "__main__":
    main()
