"""Readers of what was drawn, which know only the formats."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

from raftproof.checker.show.style import width_of

SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta", "br"}
FORMS = {"#bigint", "#set", "#map", "#tup"}


def words(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def misplaced(root: ET.Element) -> list[str]:
    """Words of a picture that stand on other words, or are cut off."""
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = list(_boxes(root))
    faults = [
        f"{text!r} is cut off"
        for left, top, right, bottom, text in boxes
        if left < 0 or top < 0 or right > width + 1 or bottom > height + 1
    ]
    for a, b in combinations(boxes, 2):
        if not (a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1):
            faults.append(f"{a[4]!r} stands on {b[4]!r}")
    return faults


def _boxes(root: ET.Element) -> Iterator[tuple[float, float, float, float, str]]:
    for element in root.iter(f"{SVG}text"):
        x, y, size = (float(element.attrib[name]) for name in ("x", "y", "font-size"))
        text = element.text or ""
        wide = width_of(text, size)
        if "prose" in element.attrib.get("class", ""):
            wide *= 0.95
        x -= {"start": 0, "middle": wide / 2, "end": wide}[element.attrib.get("text-anchor", "start")]
        if text:
            yield x, y - 0.72 * size, x + wide, y + 0.2 * size, text


class Balanced(HTMLParser):
    """Fails on a tag that is closed and was not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sections = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sections += tag == "section"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read_itf(value: Any) -> Any:
    """An ITF expression as a Python value; anything that the format does not have fails."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, list):
        return tuple(map(read_itf, value))
    assert isinstance(value, dict), f"ITF has no {value!r}"
    hashes = {key for key in value if key.startswith("#")}
    if not hashes:
        return tuple((name, read_itf(item)) for name, item in sorted(value.items()))
    assert hashes <= FORMS
    assert len(value) == 1
    if "#bigint" in value:
        return int(value["#bigint"])
    if "#map" in value:
        assert all(len(pair) == 2 for pair in value["#map"])
        pairs = {read_itf(key): read_itf(item) for key, item in value["#map"]}
        assert len(pairs) == len(value["#map"]), "a map has a key twice"
        return frozenset(pairs.items())
    [items] = value.values()
    return frozenset(map(read_itf, items)) if "#set" in value else tuple(map(read_itf, items))
