"""Where the compiler is."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import BuildError


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
