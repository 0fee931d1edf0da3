"""The heap cage, allocators, global variables, and the opcodes that touch them."""

if __name__ != "tblvm.memory":
    raise ImportError("this package is tblvm.memory: install tblvm and import it by that name")
