"""From a verified program to the smallest native runtime for it, and the report of its bytes."""

if __name__ != "tblvm.builder":
    raise ImportError("this package is tblvm.builder: install tblvm and import it by that name")
