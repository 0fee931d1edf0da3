"""The command `tblvm`, and what shows the waist to people: printers of declarations and of the op IR."""

if __name__ != "tblvm.tools":
    raise ImportError("this package is tblvm.tools: install tblvm and import it by that name")
