"""Protection keys: domains in this process that the processor keeps apart."""

if __name__ != "tblvm.isolation.keys":
    raise ImportError("this package is tblvm.isolation.keys: install tblvm and import it by that name")
