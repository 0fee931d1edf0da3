"""Frames, locals and the verifier, which knows what stands on the operand stack at each instruction."""

if __name__ != "tblvm.stack":
    raise ImportError("this package is tblvm.stack: install tblvm and import it by that name")

from .verify import verify

__all__ = ["verify"]
