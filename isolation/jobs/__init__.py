"""Many jobs: one program over many inputs, in isolated workers."""

if __name__ != "tblvm.isolation.jobs":
    raise ImportError("this package is tblvm.isolation.jobs: install tblvm and import it by that name")
