"""Coverage-guided fuzzing of the Python: python -m tests.fuzz.python_target files|texts|wasm|scan|mail [libFuzzer's options]"""

from __future__ import annotations

import random
import sys

import atheris

# Before anything else imports them: what is imported under it is instrumented.
with atheris.instrument_imports(
    include=["tblvm.core", "tblvm.stack", "tblvm.frontends.wasm", "tblvm.isolation", "tblvm.embed"]
):
    from tblvm.core import asm, dis, tbc, wellformed  # noqa: F401
    from tblvm.embed import instance  # noqa: F401
    from tblvm.frontends.wasm import builder  # noqa: F401
    from tblvm.isolation import proxy, scan  # noqa: F401
    from tblvm.stack import verify  # noqa: F401

from tests.frontends.wasm.mutants import damaged
from tests.frontends.wasm.whole import seeds
from tests.fuzz.build import PLUGINS
from tests.fuzz.mutate import mutate_file, mutate_text
from tests.fuzz.properties import check_file, check_text, check_wasm
from tests.fuzz.walls import check_mail, check_scan, other_code, some_mail
from tests.harness import registry


def main() -> None:
    what, *options = sys.argv[1:]
    reg = registry(PLUGINS)

    def one_file(data: bytes) -> None:
        check_file(data, reg.isa)

    def one_text(data: bytes) -> None:
        check_text(data.decode("utf-8", "surrogateescape"), reg.isa)

    def one_wasm(data: bytes) -> None:
        check_wasm(data, reg.isa)

    def other_wasm(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.2:
            return bytes(atheris.Mutate(data, most))
        return damaged(data, seeds(), rng)[:most]

    def other_file(data: bytes, most: int, seed: int) -> bytes:
        made = mutate_file(data, random.Random(seed), reg, lambda raw: atheris.Mutate(raw, len(raw) + 16))
        return made[:most]

    def other_text(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.1:
            return bytes(atheris.Mutate(data, most))
        made = mutate_text(data.decode("utf-8", "surrogateescape"), rng, reg)
        return made.encode("utf-8", "surrogateescape")[:most]

    def other_code_(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        return other_code(data, rng)[:most] if rng.random() < 0.5 else bytes(atheris.Mutate(data, most))

    def other_mail(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        return some_mail(rng)[:most] if rng.random() < 0.1 else bytes(atheris.Mutate(data, most))

    one, other = {
        "scan": (check_scan, other_code_),
        "mail": (check_mail, other_mail),
        "files": (one_file, other_file),
        "texts": (one_text, other_text),
        "wasm": (one_wasm, other_wasm),
    }[what]
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=other)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
