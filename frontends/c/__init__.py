"""C: compiled to WebAssembly by the toolchain, with a small libc of our own in libc/."""

if __name__ != "tblvm.frontends.c":
    raise ImportError("this package is tblvm.frontends.c: install tblvm and import it by that name")
