#error \
    "setjmp and longjmp are not there: they need WebAssembly's exceptions, which tblvm does not translate yet"
