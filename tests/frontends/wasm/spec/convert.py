"""Scripts of any edition to what the runner takes."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from tblvm.frontends.wasm.conformance.script import Script, converted, from_json

from .spellings import NANS, renewed

# A segment that does not fit was an error of linking; since bulk memory it is a trap.
SEGMENTS = {
    "data segment does not fit": "out of bounds memory access",
    "elements segment does not fit": "out of bounds table access",
}


def script(name: str, content: bytes) -> Script:
    """The script *name*, whose text is *content*. Raises Unreadable."""
    text, asserted = renewed(content.decode("utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = folder / Path(name).name
        path.write_text(text, encoding="utf-8", newline="")
        made = converted(path, folder)
        data = json.loads(re.sub(rb"\}\{", b"},{", made))
        for each in data["commands"]:
            if each["type"] == "action" and each["line"] in asserted:
                each["type"] = asserted[each["line"]]
                assert each["type"] in NANS and each["expected"], "the converter tells types of results"
            if each["type"] == "assert_unlinkable" and each["text"] in SEGMENTS:
                each.update(type="assert_uninstantiable", text=SEGMENTS[each["text"]])
        return from_json(json.dumps(data).encode(), folder, name)
