"""Console input and output: its opcodes, its services with their models, its C."""

if __name__ != "tblvm.core.io":
    raise ImportError("this package is tblvm.core.io: install tblvm and import it by that name")
