"""Numeric opcodes beside those of the core page: pages int, long, float and double."""

if __name__ != "tblvm.core.numeric":
    raise ImportError("this package is tblvm.core.numeric: install tblvm and import it by that name")
