"""The report's page in a browser, without a network: what is seen on a desk and on a phone, by day and by night."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

import pytest

from tblvm.builder.pipeline import Artifact
from tblvm.builder.report import Report, report_of
from tblvm.builder.report_html import show

Build = Callable[..., Artifact]
EXAMPLE = Path(__file__).parents[2] / "examples" / "binary_trees.tba"
SIZES = {"desk": (1280, 900), "phone": (390, 1200)}
GROUNDS = {"light": (0xFF, 0xFF, 0xFF), "dark": (0x16, 0x18, 0x1B)}

# A frame as wide as it is said: windows without a head are not narrower than 500.
FRAME = '<!DOCTYPE html><pre id="found"></pre><iframe style="border:0;width:{}px;height:{}px" srcdoc="{}"></iframe>'
# What the page looks like to whoever reads it, as the text of an element.
ASK = """
<script>
const box = each => { const r = each.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; };
const seen = each => each.getClientRects().length > 0;
const svg = [...document.querySelectorAll("svg")].filter(seen);
const labels = [...(svg[0] || document.createElement("p")).querySelectorAll("text")];
const found = {
  width: innerWidth, content: document.documentElement.scrollWidth,
  drawings: svg.map(each => [each.getAttribute("class"), ...box(each)]),
  tables: [...document.querySelectorAll("table")].filter(seen).map(box),
  labels: labels.map(each => [each.textContent, ...box(each), ...box(each.parentNode.querySelector("rect"))]),
  letters: labels.map(each => parseFloat(getComputedStyle(each).fontSize) * svg[0].getScreenCTM().a),
  fetched: performance.getEntriesByType("resource").map(each => each.name),
};
parent.document.getElementById("found").textContent = JSON.stringify(found);
</script>
"""


@pytest.fixture(scope="module")
def report(builds: Build) -> Report:
    return report_of(EXAMPLE.name, builds(EXAMPLE))


@pytest.fixture
def chromium(tmp_path: Path) -> Callable[..., bytes]:
    """Runs the browser on a page with no way to the network; what it writes to standard output."""
    program = shutil.which("chromium")
    assert program is not None, "the Debian package chromium is missing: make debian"

    def run(page: str, *words: str) -> bytes:
        (tmp_path / "page.html").write_text(page)
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={tmp_path / 'profile'}",
            *words,
        ]
        place = (tmp_path / "page.html").as_uri()
        environment = {**os.environ, "HOME": str(tmp_path)}
        done = subprocess.run(
            [*command, place], cwd=tmp_path, capture_output=True, env=environment, timeout=100, check=False
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    return run


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    rows: list[bytes]

    def colours(self, top: int, bottom: int) -> Counter[tuple[int, ...]]:
        pixels = b"".join(self.rows[top:bottom])
        return Counter(zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True))


def png(content: bytes) -> Picture:
    """A picture of 8-bit RGB, without interlacing (ISO/IEC 15948)."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, head = 8, b"", (0, 0, 0, 0, 0, 0, 0)
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + size]
        at += 12 + size
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            data += body
    width, height, depth, colour, _, _, interlaced = head
    assert (depth, colour, interlaced) == (8, 2, 0)
    raw, line = zlib.decompress(data), 1 + 3 * width
    rows: list[bytes] = []
    above = bytes(3 * width)
    for start in range(0, len(raw), line):
        above = unfiltered(raw[start], raw[start + 1 : start + line], above)
        rows.append(above)
    assert len(rows) == height
    return Picture(width, height, rows)


def unfiltered(how: int, line: bytes, above: bytes) -> bytes:
    if how == 0:
        return line
    found = bytearray(line)
    for n, up in enumerate(above):
        left, corner = (found[n - 3], above[n - 3]) if n >= 3 else (0, 0)
        if how < 4:
            guess = (0, left, up, (left + up) // 2)[how]
        else:
            by = [abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)]
            guess = (left, up, corner)[by.index(min(by))]
        found[n] = (found[n] + guess) & 0xFF
    return bytes(found)


@pytest.mark.parametrize("place", SIZES)
def test_everything_has_its_place(chromium: Callable[..., bytes], report: Report, place: str) -> None:
    width, height = SIZES[place]
    shown = chromium(FRAME.format(width, height, escape(show(report) + ASK)), "--dump-dom").decode()
    found = json.loads(unescape(re.findall(r'<pre id="found">(.*?)</pre>', shown, re.S)[0]))
    assert found["width"] == width and found["content"] <= width, "nothing goes beyond the window"
    assert found["fetched"] == []
    [[drawing, x, y, across, down]] = found["drawings"]
    assert drawing == {"desk": "broad", "phone": "tall"}[place]
    assert x >= 0 and x + across <= width and across > 0.8 * min(width, 1100) and y + down <= height
    assert len(found["tables"]) == 3 and all(
        top > y + down and high > 30 for _, top, _, high in found["tables"]
    )
    assert min(found["letters"]) >= 9, "labels can be read"
    names = {text.split()[0].rstrip("…") for text, *_ in found["labels"]}
    assert {"gc.marksweep", "gc-walk", "program"} <= names
    for text, left, top, wide, high, *box in found["labels"]:
        inside = (
            left >= box[0] - 1 and left + wide <= box[0] + box[2] + 2 and top + high <= box[1] + box[3] + 4
        )
        assert inside, f"{text} is beside its rectangle"
        assert x <= left and left + wide <= x + across + 2, text


@pytest.mark.parametrize("scheme", GROUNDS)
@pytest.mark.parametrize("place", SIZES)
def test_what_is_seen(
    chromium: Callable[..., bytes], report: Report, place: str, scheme: str, tmp_path: Path
) -> None:
    width, height = SIZES[place]
    words = [f"--window-size={width},{height}", f"--screenshot={tmp_path / 'seen.png'}"]
    chromium(show(report), *words, f"--blink-settings=preferredColorScheme={int(scheme == 'light')}")
    picture = png((tmp_path / "seen.png").read_bytes())
    assert (picture.width, picture.height) == (width, height)
    ground = GROUNDS[scheme]
    assert tuple(picture.rows[2][:3]) == ground == tuple(picture.rows[-1][-3:])
    # Each micro-library's colour covers about as much of the treemap as it has bytes.
    colours = re.findall(r'<rect [^>]*fill="#(\w{6})" class="group"', show(report))
    areas = picture.colours(0, height)
    drawn = sum(areas[tuple(bytes.fromhex(each))] for each in set(colours))
    assert drawn > 0.2 * width * height, "the treemap is there"
    sizes: dict[str, int] = {}
    owners = re.findall(r'background:#(\w{6})"></span>([^<]+)<', show(report))
    for colour, owner in owners:
        sizes[colour] = sizes.get(colour, 0) + sum(r.size for r in report.of_owner(owner) if r.in_file)
    for colour, size in sizes.items():
        if size > report.file_bytes // 20:
            share = areas[tuple(bytes.fromhex(colour))] / drawn
            assert share == pytest.approx(size / report.file_bytes, rel=0.3), owners
    # Below it there is text, on stripes.
    below = picture.colours(height - 150, height)
    assert len(below) > 20 and below[ground] > 0.3 * below.total()
    assert below.total() - max(below.values()) > 0.03 * below.total()
