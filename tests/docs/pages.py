"""What the pages show: their console sessions, the files that these need, and every other block and inline command.

A page is read as Markdown. In it

    ```console                  is a session: `$ ` begins a command, a line behind a `\\` goes on with it,
    $ raftproof check jugs      and what follows is what the command says.
    $ echo $?                   the line below is then the exit code; without it 0 is expected
    1
    ```

Of what a command says, the lines that are shown must come, in this order; `…` stands for anything, and how long
something took or how much memory is not compared. A command that ends in `&` runs on; what is shown below it is waited
for. `<!-- thorough -->` before a block says that it takes more than a few seconds, `<!-- file: NAME -->` that the block
is that file, which the sessions below it may use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", *(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.relative_to(ROOT).parts)]
)
_COMMENT = re.compile(r"<!--\s*(thorough|file:\s*(?P<file>\S+))\s*-->\s*$")


@dataclass
class Shown:
    """A command, and what a page says comes of it."""

    text: str
    line: int
    output: list[str] = field(default_factory=list)
    exit_code: int = 0

    @property
    def runs_on(self) -> bool:
        """Whether it is left running while the next ones are typed."""
        return self.words.endswith("&")

    @property
    def words(self) -> str:
        """The command in one line, without a comment."""
        return " ".join(re.sub(r"\s#.*$", "", self.text, flags=re.MULTILINE).replace("\\\n", " ").split())


@dataclass
class Session:
    """A console block."""

    line: int
    thorough: bool
    commands: list[Shown]


@dataclass
class File:
    """A block that is a file's text."""

    name: str
    text: str


@dataclass
class Block:
    """A block of another kind."""

    line: int
    text: str


@dataclass
class Page:
    """What a page holds, in its order."""

    path: Path
    parts: list[Session | File] = field(default_factory=list)
    other: list[Block] = field(default_factory=list)
    inline: list[tuple[int, str]] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The path in the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def sessions(self) -> list[Session]:
        """The console blocks."""
        return [part for part in self.parts if isinstance(part, Session)]


def read(path: Path) -> Page:
    """A page's parts."""
    return read_text(path, path.read_text())


def read_text(path: Path, text: str) -> Page:
    """The parts of a page with this text."""
    page = Page(path)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    said: re.Match[str] | None = None
    for place, token in enumerate(tokens):
        line = (token.map or [0])[0] + 1
        if token.type == "fence" or token.type == "code_block":
            _read_block(page, token, line, said)
        elif token.type == "inline":
            _read_inline(page, token, line)
            if tokens[place - 1].type == "heading_open":
                page.anchors.add(_anchor(token.content))
        said = _COMMENT.match(token.content) if token.type == "html_block" else None
    return page


def _read_block(page: Page, token: Token, line: int, said: re.Match[str] | None) -> None:
    if said and said["file"]:
        page.parts.append(File(said["file"], token.content))
    elif token.info.strip() == "console":
        page.parts.append(Session(line, said is not None, list(_commands(token.content, line + 1))))
    else:
        page.other.append(Block(line, token.content))


def _read_inline(page: Page, token: Token, line: int) -> None:
    for child in token.children or ():
        if child.type == "code_inline":
            page.inline.append((line, child.content))
        elif child.type in ("link_open", "image"):
            page.links.append((line, str(child.attrGet("href") or child.attrGet("src"))))


def _anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _commands(text: str, line: int) -> Iterator[Shown]:
    found: list[Shown] = []
    goes_on = False
    for number, row in enumerate(text.splitlines(), start=line):
        if goes_on:
            found[-1].text += "\n" + row
        elif row.startswith("$ "):
            found.append(Shown(row[2:], number))
        elif not found:
            raise ValueError(f"line {number}: a console block begins with a command, `$ …`")
        elif row.strip():
            found[-1].output.append(row)
        goes_on = row.endswith("\\") and (goes_on or row.startswith("$ "))
    for before, command in zip([None, *found], found, strict=False):
        if command.text == "echo $?" and before is not None:
            before.exit_code = int(command.output[0])
        else:
            yield command
