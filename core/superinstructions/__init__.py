"""Superinstructions: several register instructions that one handler does, chosen by what programs execute."""

if __name__ != "tblvm.core.superinstructions":
    raise ImportError(
        "this package is tblvm.core.superinstructions: install tblvm and import it by that name"
    )
