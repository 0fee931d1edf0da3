"""tblvm: assemble, disassemble, verify, and show what is declared."""

from __future__ import annotations

from tblvm.tools import main

if __name__ == "__main__":
    main(prog_name="tblvm")
