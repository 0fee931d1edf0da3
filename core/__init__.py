"""The contract that every room depends on: hooks, micro-libraries, modules, their file and text forms."""

if __name__ != "tblvm.core":
    raise ImportError("this package is tblvm.core: install tblvm and import it by that name")
