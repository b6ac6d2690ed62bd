"""How every picture looks: colours, patterns, type, and the pen that writes SVG.

Nothing is told by colour alone. A term has a light fill, a pattern and its number; a fault a shape and a word; a fact a
numbered disc. The fills are light enough for black letters, and their patterns differ when the colours do not, in grey
or for an eye that sees fewer colours; the strong colours are of Okabe and Ito's set. The letters are of one width, so
that a picture can be laid out without a font at hand.
"""

from __future__ import annotations

import textwrap
from xml.etree import ElementTree as ET

INK, SOFT, FAINT, PAPER, BAND = "#1a1a1a", "#5a5a5a", "#c4c4c4", "#ffffff", "#f6f6f3"
FACT, FACT_FILL = "#b34700", "#fdf0e4"
MESSAGE = "#00527f"

# Fill, and the strokes of the pattern on an 8 by 8 tile; a term beyond the last begins again.
TERM_STYLES = (
    ("#ffffff", ""),
    ("#cfe6f5", ""),
    ("#fbd9a0", "M0 8L8 0M-2 2L2 -2M6 10L10 6"),
    ("#b5e2d2", "M0 4H8"),
    ("#f0c3dc", "M0 0L8 8M-2 6L2 10M6 -2L10 2"),
    ("#f7f1a8", "M4 0V8"),
    ("#c9c6ec", "M0 4H8M4 0V8"),
    ("#e8c8b4", "M0 8L8 0M0 0L8 8"),
)

_CSS = """
.rp text { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1a1a1a; }
.rp .prose { font-family: system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif; }
.rp .halo { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; }
.rp .soft { fill: #5a5a5a; }
.rp .bold { font-weight: bold; }
.rp .fact { fill: #b34700; font-weight: bold; }
.rp .message { fill: #00527f; }
.rp .light { fill: #ffffff; }
"""


def width_of(text: str, size: float) -> float:
    """The width of a text in pixels: every letter is 0.602 of the size wide."""
    return len(text) * size * 0.602


def wrap_to(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines that fit; a word that is too long is broken as well."""
    letters = max(8, int(width / (size * 0.602)))
    return textwrap.wrap(text, letters, break_on_hyphens=False) or [""]


def unbroken(text: str) -> str:
    """A text that `wrap_to` leaves on one line where it can."""
    return text.replace(" ", "\u00a0")


def term_fill(term: int) -> str:
    """The fill of a term's entries."""
    return f"url(#term{_style_of(term)})"


def _style_of(term: int) -> int:
    return term if term < len(TERM_STYLES) else 1 + (term - 1) % (len(TERM_STYLES) - 1)


class Pen:
    """Writes one SVG: shapes in the order in which they are drawn, each able to carry a title.

    A bare one leaves out what another picture on the same page defines: the looks, the patterns and the arrow head.
    """

    def __init__(self, title: str, description: str, *, bare: bool = False) -> None:
        self.root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "rp", "role": "img"})
        ET.SubElement(self.root, "title").text = _clean(title)
        ET.SubElement(self.root, "desc").text = _clean(description)
        self._into = [self.root]
        if not bare:
            ET.SubElement(self.root, "style").text = _CSS
            definitions = ET.SubElement(self.root, "defs")
            _define_terms(definitions)
            _define_arrow(definitions)
        ET.SubElement(self.root, "rect", {"width": "100%", "height": "100%", "fill": PAPER})

    def group(self, title: str = "", **attributes: str) -> Group:
        """What is drawn inside `with pen.group(...)` belongs together."""
        return Group(self, title, attributes)

    def add(self, tag: str, title: str = "", /, **attributes: float | str) -> ET.Element:
        """One element; underscores in the names of attributes stand for hyphens."""
        values = {name.rstrip("_").replace("_", "-"): _number(value) for name, value in attributes.items()}
        element = ET.SubElement(self._into[-1], tag, values)
        if title:
            ET.SubElement(element, "title").text = _clean(title)
        return element

    def line(self, x1: float, y1: float, x2: float, y2: float, /, **attributes: float | str) -> None:
        """A straight line."""
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, **({"stroke": INK} | attributes))

    def box(self, x: float, y: float, width: float, height: float, /, **attributes: float | str) -> None:
        """A rectangle."""
        self.add("rect", x=x, y=y, width=width, height=height, **({"fill": PAPER} | attributes))

    def path(self, d: str, title: str = "", /, **attributes: float | str) -> None:
        """A path without a fill."""
        self.add("path", title, d=d, **({"fill": "none", "stroke": INK} | attributes))

    def text(self, x: float, y: float, words: str, size: float = 11, look: str = "", anchor: str = "start") -> None:
        """One line of letters, on the baseline y."""
        attributes: dict[str, float | str] = {"x": x, "y": y, "font_size": size}
        if look:
            attributes["class_"] = look
        if anchor != "start":
            attributes["text_anchor"] = anchor
        element = self.add("text", **attributes)
        element.text = _clean(words)

    def badge(self, x: float, y: float, number: int) -> None:
        """The numbered disc of a fact."""
        self.add("circle", cx=x, cy=y, r=8, fill=FACT, stroke=PAPER, stroke_width=1.5)
        self.text(x, y + 4, str(number), 11, "light bold", "middle")

    def finish(self, width: float, height: float) -> str:
        """The whole file."""
        size = {"width": _number(round(width)), "height": _number(round(height))}
        self.root.attrib.update(size | {"viewBox": f"0 0 {size['width']} {size['height']}"})
        for element in self.root:
            element.tail = "\n"
        return ET.tostring(self.root, encoding="unicode") + "\n"


class Group:
    """A group of a pen while it is open."""

    def __init__(self, pen: Pen, title: str, attributes: dict[str, str]) -> None:
        self._pen, self._title, self._attributes = pen, title, attributes

    def __enter__(self) -> None:
        self._pen._into.append(self._pen.add("g", self._title, **self._attributes))

    def __exit__(self, *_: object) -> None:
        self._pen._into.pop()


def looks_svg() -> str:
    """The looks and the patterns as text, for a picture that is not written by a Pen."""
    definitions = ET.Element("defs")
    _define_terms(definitions)
    return f"<style>{_CSS}</style>{ET.tostring(definitions, encoding='unicode')}"


def _define_terms(definitions: ET.Element) -> None:
    for number, (fill, strokes) in enumerate(TERM_STYLES):
        tile = {"id": f"term{number}", "width": "8", "height": "8", "patternUnits": "userSpaceOnUse"}
        pattern = ET.SubElement(definitions, "pattern", tile)
        ET.SubElement(pattern, "rect", {"width": "8", "height": "8", "fill": fill})
        if strokes:
            look = {"stroke": "#000000", "stroke-opacity": "0.28", "stroke-width": "1", "fill": "none"}
            ET.SubElement(pattern, "path", {"d": strokes} | look)


def _define_arrow(definitions: ET.Element) -> None:
    size = {"markerWidth": "9", "markerHeight": "9", "refX": "8", "refY": "4.5", "orient": "auto"}
    marker = ET.SubElement(definitions, "marker", {"id": "arrow", "markerUnits": "userSpaceOnUse"} | size)
    ET.SubElement(marker, "path", {"d": "M0 0.5L9 4.5L0 8.5L2 4.5Z", "fill": MESSAGE})


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return _clean(value)
    return f"{value:.1f}".removesuffix(".0")


def _clean(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(letter if letter >= " " else " " for letter in text).replace("\ufffe", " ").replace("\uffff", " ")
