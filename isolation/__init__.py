"""Isolation: programs and plug-ins that nobody trusts, behind walls."""

if __name__ != "tblvm.isolation":
    raise ImportError("this package is tblvm.isolation: install tblvm and import it by that name")
