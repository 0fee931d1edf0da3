"""Functions of the host: the opcode that calls them, its service, and what a runtime knows of imports."""

if __name__ != "tblvm.core.host":
    raise ImportError("this package is tblvm.core.host: install tblvm and import it by that name")
