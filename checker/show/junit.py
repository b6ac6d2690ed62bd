"""A report as JUnit's XML, which machines that build and test read: a suite a command, a test case a property or trace.

There is no one definition of the format; this is the part that all readers share. What was not decided is an `error`,
or `skipped`, and so never counts as passed.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from raftproof.checker.show.cases import Case, Report, uri_of

_TAGS = {"failed": "failure", "error": "error", "skipped": "skipped"}
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit_xml(report: Report, root: Path) -> str:
    """The whole file; files are named from `root` on."""
    suites = Element("testsuites", _counts(report) | {"name": "raftproof"})
    suite = SubElement(suites, "testsuite", _counts(report) | {"name": " ".join(report.about)})
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", {"name": "command", "value": _clean(report.asked)})
    for case in report.cases:
        _put_case(suite, case, report, root)
    if report.warnings:
        SubElement(suite, "system-out").text = _clean("\n".join(report.warnings))
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _counts(report: Report) -> dict[str, str]:
    found = Counter(case.answer for case in report.cases)
    return {
        "tests": str(len(report.cases)),
        "failures": str(found["failed"]),
        "errors": str(found["error"]),
        "skipped": str(found["skipped"]),
        "time": f"{report.seconds:.3f}",
    }


def _put_case(suite: Element, case: Case, report: Report, root: Path) -> None:
    attributes = {"classname": ".".join(("raftproof", *report.about)), "name": case.name}
    if case.at is not None:
        attributes |= {"file": uri_of(case.at.file, root)[0], "line": str(case.at.line)}
    if case.seconds is not None:
        attributes["time"] = f"{case.seconds:.3f}"
    element = SubElement(suite, "testcase", {key: _clean(value) for key, value in attributes.items()})
    if case.answer == "passed":
        return
    told = SubElement(element, _TAGS[case.answer], {"message": _clean(case.sentence)})
    if case.answer != "skipped":
        told.set("type", case.rule)
        told.text = _clean(case.text)


def _clean(text: str) -> str:
    return _NO_XML.sub("�", text)
