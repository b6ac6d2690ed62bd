"""The gallery as pages: a file a rule and an index, SVG and HTML, that need no network and no script."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import msgspec

from raftproof.checker.result import Result
from raftproof.checker.show.behavior import Behavior, behavior_of
from raftproof.checker.show.html import result_html
from raftproof.checker.show.moments import moments_svg
from raftproof.checker.show.spacetime import spacetime_svg
from raftproof.checker.show.text import steps_text
from raftproof.checker.show.words import bounds_text, contradiction_text, count_text
from raftproof.commands.gallery_matrix import cell_of, matrix_of
from raftproof.commands.gallery_rules import Shown
from raftproof.model.gallery import Asked, Exhibit, replayed

WRITTEN = "written.json"
"""The list of what was written, page by page."""
_STYLE = """
body { margin: 0 auto; max-width: 1120px; padding: 12px 20px 60px; background: #ffffff; color: #1a1a1a;
  font: 16px/1.5 system-ui, Helvetica, Arial, sans-serif; }
h1 { font-size: 26px; margin: 18px 0 4px; }
h2 { font-size: 19px; margin: 34px 0 6px; border-top: 1px solid #c4c4c4; padding-top: 14px; }
h3 { font-size: 16px; margin: 20px 0 4px; }
p { margin: 6px 0; max-width: 50em; }
a { color: #00527f; }
.soft { color: #5a5a5a; }
code, pre { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 13px; }
code { background: #f6f6f3; padding: 1px 4px; border-radius: 3px; overflow-wrap: anywhere; }
pre { background: #f6f6f3; padding: 10px 14px; overflow-x: auto; line-height: 1.35; }
img { max-width: 100%; height: auto; display: block; margin: 8px 0; }
.facts { border: 3px solid #b34700; background: #fdf0e4; border-radius: 6px; padding: 6px 14px; margin: 10px 0;
  display: inline-block; }
.facts ol { margin: 2px 0 2px 1.3em; padding: 0; font-weight: bold; }
table { border-collapse: collapse; margin: 8px 0; font-size: 14.5px; }
td, th { border: 1px solid #c4c4c4; padding: 3px 10px; text-align: left; vertical-align: top; }
summary { cursor: pointer; font-weight: bold; margin: 10px 0; }
.card { border: 1px solid #c4c4c4; border-radius: 6px; padding: 8px 16px; margin: 14px 0; }
.card h2 { border: 0; margin: 0; padding: 0; }
@media (max-width: 700px) {
  table { display: block; overflow-x: auto; }
  td { min-width: 7em; }
  td code { overflow-wrap: normal; white-space: nowrap; }
  .facts { overflow-wrap: anywhere; }
}
@media print { details > * { display: block; } }
"""


def write_pages(rules: list[Shown], directory: Path, index: bool) -> list[Path]:
    """Write the pages of some rules, and the index of all if asked for; returns what was written.

    Files that an earlier run wrote and that no page has any more are removed; no others, for it keeps a list.
    """
    directory.mkdir(parents=True, exist_ok=True)
    pages = {rule.name: _files_of(rule) for rule in rules}
    if index:
        pages["index"] = {"index.html": _index(rules), "properties.html": _properties(rules)}
    before = _written_before(directory)
    now = ({} if index else before) | {page: sorted(files) for page, files in pages.items()}
    for name in sorted(set().union(*before.values()) - set().union(*now.values())):
        (directory / name).unlink(missing_ok=True)
    written = {name: content for files in pages.values() for name, content in files.items()}
    written[WRITTEN] = json.dumps(now, indent=1, sort_keys=True) + "\n"
    for name, content in written.items():
        (directory / name).write_text(content, encoding="utf-8")
    return [directory / name for name in written]


def _written_before(directory: Path) -> dict[str, list[str]]:
    """The files of each page that an earlier run wrote; none where its list is not there or not as it was written."""
    try:
        found = msgspec.json.decode((directory / WRITTEN).read_bytes(), type=dict[str, list[str]])
    except (OSError, msgspec.DecodeError):
        return {}
    return {page: [name for name in names if Path(name).name == name] for page, names in found.items()}


def _files_of(rule: Shown) -> dict[str, str]:
    """A rule's page and its pictures; the first counterexample can be stepped through as well."""
    files, sections = dict[str, str](), list[str]()
    for asked, exhibit in rule.exhibits:
        if not exhibit.property:
            sections.append(_nothing_falls(exhibit))
            continue
        result = replayed(asked, exhibit)
        stem = f"{rule.name}-{asked.model.name}" + (f"-{exhibit.only}" if exhibit.only else "")
        first = not files
        if has_story(result):
            files[f"{stem}-story.svg"] = moments_svg(result)
        files[f"{stem}.svg"] = spacetime_svg(result)
        if first:
            files[f"{stem}-steps.html"] = result_html(result)
        sections.append(_section(asked, exhibit, result, stem, first))
    return {**files, f"{rule.name}.html": _page(f"Without {rule.name}", _head(rule) + "".join(sections) + _tail(rule))}


def has_story(result: Result) -> bool:
    """Whether the model that the counterexample is told in has logs."""
    return result.shape.view is not None and bool(result.shape.actors)


def _page(title: str, body: str) -> str:
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _head(rule: Shown) -> str:
    """The rule, and what becomes of it, in two sentences."""
    told = f"<p>{escape(rule.harmless)}</p>" if rule.harmless else ""
    return f"""<p><a href="index.html">The gallery</a></p>
<h1>Without <code>{rule.name}</code></h1>
<p>The rule: <b>{escape(rule.sentence)}</b> ({escape(rule.place)}).</p>
{told}{_table(rule)}
"""


def _table(rule: Shown) -> str:
    """What falls, by model."""
    if not rule.exhibits:
        return "<p>No model here can switch it off; the implementation can.</p>\n" if rule.seed else ""
    heads = "<tr><th>in</th><th>falls</th><th>steps</th><th>within</th><th>again</th></tr>"
    rows = []
    for asked, exhibit in rule.exhibits:
        within = f"{bounds_text(exhibit.bounds)}; faults: {', '.join(exhibit.faults) or 'none'}"
        falls, steps = (exhibit.property, str(exhibit.depth - 1)) if exhibit.property else ("nothing", "")
        cells = (asked.model.name, falls, steps, within)
        rows.append(
            "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td><code>{escape(asked.command)}</code></td>"
        )
    return f"<table>{heads}{''.join(f'<tr>{row}</tr>' for row in rows)}</table>\n"


def _nothing_falls(exhibit: Exhibit) -> str:
    states = count_text(exhibit.distinct, "states")
    return f"<p>Explored: {states}, and every property holds in them.</p>\n"


def _section(asked: Asked, exhibit: Exhibit, result: Result, stem: str, first: bool) -> str:
    """One counterexample: what contradicts what, the story, the space-time diagram, the steps."""
    behavior = behavior_of(result)
    told = f", told in the steps of {result.told_in}" if result.told_in else ""
    step = f'<p><a href="{stem}-steps.html">Step through it by keyboard.</a></p>' if first else ""
    alt = f"{behavior.violation.property} is violated after {len(behavior.moves)} steps"
    story = f'<h3>The story in the logs</h3>\n<img src="{stem}-story.svg" alt="{alt}">\n' if has_story(result) else ""
    pictures = f"""{story}<details{" open" if first else ""}><summary>Who did what when, and who told whom</summary>
<img src="{stem}.svg" alt="{alt}: a space-time diagram"></details>
<details><summary>The steps in words</summary><pre>{escape(steps_text(result))}</pre></details>
"""
    return f"""<h2>{escape(exhibit.property)} falls in <code>{asked.model.name}</code>{told}</h2>
<p>{escape(behavior.violation.sentence)}</p>
{_facts(behavior)}
{step}{pictures}"""


def _facts(behavior: Behavior) -> str:
    facts = "".join(f"<li>{escape(fact.text)}</li>" for fact in behavior.facts)
    return f'<div class="facts">{contradiction_text(len(behavior.facts))}<ol>{facts}</ol></div>' if facts else ""


def _tail(rule: Shown) -> str:
    """The proof, the implementation, the real systems."""
    parts = []
    if rule.lemma:
        lemma = f'<code class="lemma">{rule.lemma.falls}</code>'  # the documentation's site makes it a link
        where = f"by a step {rule.lemma.action} in a cluster of {rule.lemma.cluster}"
        parts.append(f"""<h2>In the proof</h2>
<p>The first lemma that falls is {lemma}, {escape(where)}.</p>
<p>See it: <code>{escape(rule.lemma_command)}</code></p>
""")
    if rule.seed:
        parts.append(f"<h2>In the implementation</h2>\n{_torture(rule)}")
    if rule.happened:
        reports = "".join(f'<li><a href="{i.link}">{escape(i.name)}</a>: {escape(i.story)}</li>' for i in rule.happened)
        parts.append(f"<h2>In real systems</h2>\n<ul>{reports}</ul>\n")
    return "".join(parts)


def _torture(rule: Shown) -> str:
    seed = rule.seed
    assert seed is not None
    if seed.seed is None:
        return f"<p>None of the first {seed.runs:,} simulated runs fails without it.</p>\n"
    return f"""<p>Switched off in the running code: run {seed.seed} of the simulator breaks {seed.falls}.</p>
<p>See it: <code>{escape(seed.command)}</code></p>
"""


def _index(rules: list[Shown]) -> str:
    """All rules: what falls, how soon, and the picture of the story."""
    cards = "\n".join(_card(rule) for rule in rules)
    links = " · ".join(f'<a href="#{rule.name}">{rule.name}</a>' for rule in rules)
    return _page(
        "What falls without each rule of Raft",
        f"""<h1>What falls without each rule of Raft</h1>
<p>Each rule of Raft is switched off by itself. What follows is the shortest way to a broken property that an exhaustive
search has found within the bounds that stand beside it; every step was taken again in plain Python before it was drawn.
The bar under a log is what is committed; a term has a colour, a pattern and its number; ★ leads.</p>
<p><a href="properties.html">Which property catches which broken rule?</a></p>
<p class="soft">Built by <code>raftproof gallery --out docs/gallery</code>.</p>
<p>{links}</p>
{cards}
""",
    )


def _properties(rules: list[Shown]) -> str:
    """Rules by properties, with the states of the shortest counterexample."""
    matrix = matrix_of(rules, "")
    heads = "".join(f"<th>{name}</th>" for name in ("without", "in", *matrix.properties))
    rows = []
    for row in matrix.rows:
        cells = "".join(f"<td>{cell_of(row, name)}</td>" for name in matrix.properties)
        link = f'<a href="{row.rule}.html"><code>{row.rule}</code></a>'
        rows.append(f"<tr><td>{link}</td><td>{row.model}</td>{cells}</tr>")
    legend = "".join(f"<p>{escape(line)}</p>" for line in matrix.legend())
    return _page(
        "Which property catches which broken rule?",
        f"""<p><a href="index.html">The gallery</a></p>
<h1>Which property catches which broken rule?</h1>
{legend}
<table><tr>{heads}</tr>
{chr(10).join(rows)}
</table>
<p>The score of any set of properties: <code>raftproof gallery --properties ElectionSafety,LogMatching</code>; of a
specification of one's own: <code>raftproof gallery --properties mine.py</code>.</p>
""",
    )


def _card(rule: Shown) -> str:
    falls = [(asked, exhibit) for asked, exhibit in rule.exhibits if exhibit.property]
    told = "; ".join(f"{e.property} in {count_text(e.depth - 1, 'steps')} of {a.model.name}" for a, e in falls)
    seed = rule.seed.seed if rule.seed else None
    more = [f"in the proof: {rule.lemma.falls}"] if rule.lemma else []
    more += [f"in the implementation: {rule.seed.falls}, run {seed}"] if rule.seed and seed is not None else []
    more += [f"happened in {', '.join(dict.fromkeys(i.system for i in rule.happened))}"] if rule.happened else []
    picture = ""
    if falls:
        asked, exhibit = falls[0]
        stem = f"{rule.name}-{asked.model.name}" + (f"-{exhibit.only}" if exhibit.only else "")
        name = f"{stem}-story.svg" if has_story(replayed(asked, exhibit)) else f"{stem}.svg"
        picture = f'<a href="{rule.name}.html"><img src="{name}" alt="the story in the logs" loading="lazy"></a>'
    line = f"Falls: {told}." if told else "Nothing falls." if rule.harmless else ""
    return f"""<div class="card" id="{rule.name}">
<h2><a href="{rule.name}.html"><code>{rule.name}</code></a></h2>
<p>{escape(rule.sentence)} <span class="soft">({escape(rule.place)})</span></p>
<p>{escape(line)}</p>
<p class="soft">{escape("; ".join(more))}</p>
{picture}
</div>"""
