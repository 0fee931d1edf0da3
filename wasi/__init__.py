"""WASI preview 1: what programs for WebAssembly's system interface import, with capabilities."""

if __name__ != "tblvm.wasi":
    raise ImportError("this package is tblvm.wasi: install tblvm and import it by that name")
