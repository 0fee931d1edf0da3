"""What a program can see and use of the machine around it: space, time, events, a screen, prompts."""

if __name__ != "tblvm.core.devices":
    raise ImportError("this package is tblvm.core.devices: install tblvm and import it by that name")
