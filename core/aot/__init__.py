"""Engine `aot`: the program itself as C, one function of C for each of its own.

shape.py     C types of parameters, results and what functions return
calls.py     who calls whom: what may be called by a pointer, what may change the size of memory
runs.py      accesses to linear memory whose bounds are tested together
whole.py     what all functions of a program share
flow.py      where control goes in a function, and what of it is spent where
function.py  one function: its variables and operands, where it stands
body.py      the op IR of an instruction
control.py   branches, calls, returns
units.py     all of them in C files, and how the host enters
"""

if __name__ != "tblvm.core.aot":
    raise ImportError("this package is tblvm.core.aot: install tblvm and import it by that name")
