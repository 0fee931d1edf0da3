"""tblvm: a virtual machine that is composed, not configured."""

__version__ = "0.1.0"
