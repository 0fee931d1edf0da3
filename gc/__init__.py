"""Garbage collectors, one micro-library each, behind one interface."""

if __name__ != "tblvm.gc":
    raise ImportError("this package is tblvm.gc: install tblvm and import it by that name")
