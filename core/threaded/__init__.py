"""Engine `threaded`: register code that is made of resolved code at a function's first call, and run by
direct-threaded tail calls."""

if __name__ != "tblvm.core.threaded":
    raise ImportError("this package is tblvm.core.threaded: install tblvm and import it by that name")
