"""The reference of the instruction set: what declarations say, gathered once (entry.py), shown as terminal
text (text.py), as one page of HTML (html.py) and as JSON."""

if __name__ != "tblvm.tools.reference":
    raise ImportError("this package is tblvm.tools.reference: install tblvm and import it by that name")
