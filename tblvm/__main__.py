"""The command `tblvm`, as `python -m tblvm` too."""

from __future__ import annotations

from tblvm.tools.cli import main

if __name__ == "__main__":
    main(prog_name="tblvm")
