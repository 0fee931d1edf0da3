"""WebAssembly's specification tests: scripts, what runs them, the command `tblvm wast`."""

from __future__ import annotations

if __name__ != "tblvm.frontends.wasm.conformance":
    raise ImportError(
        "this package is tblvm.frontends.wasm.conformance: install tblvm and import it by that name"
    )
