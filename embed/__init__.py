"""Programs inside other programs: a runtime as a library with a C API, and its instances in Python."""

if __name__ != "tblvm.embed":
    raise ImportError("this package is tblvm.embed: install tblvm and import it by that name")
