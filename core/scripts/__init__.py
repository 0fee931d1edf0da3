"""Programs that programs run: SCRIPT_EXEC, its service, and what fills it."""

if __name__ != "tblvm.core.scripts":
    raise ImportError("this package is tblvm.core.scripts: install tblvm and import it by that name")
