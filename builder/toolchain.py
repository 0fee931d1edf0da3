"""Where the compiler is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import BuildError

if TYPE_CHECKING:
    from ..core.parts import Target


def zig() -> Path:
    """The compiler in the `ziglang` package. Raises BuildError when it is not installed."""
    from importlib.util import find_spec

    spec = find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise BuildError("the compiler is missing: pip install ziglang==0.17.0")
    binary = Path(spec.submodule_search_locations[0]) / "zig"
    if not binary.is_file():
        raise BuildError(f"the package ziglang has no compiler at {binary}: install it again")
    return binary


def compiler(target: Target) -> list[str]:
    """The words with which a command begins that compiles C for *target* into an object file. Raises
    BuildError as above.

    It is the compiler itself: `zig cc` looks at caches before, starts it as a process of its own and links
    what it made once more, which is half of the time that a small file takes.
    """
    binary = zig()
    headers = str(binary.parent / "lib" / "include")
    return [str(binary), "clang", "-target", target.triple, "-nostdinc", "-isystem", headers, *target.flags]
