"""A report in the Static Analysis Results Interchange Format (SARIF 2.1.0), which code hosts show beside the source.

A result is a property or a rule that is broken, at the line where it stands: a property's definition in the model, or
the line of a trace that departs. The steps that lead there are its code flow. What was not decided is a result too, and
an error: a reader that finds no result takes that for a pass. GitHub takes no result without a place; what has none of
its own, such as a file that is not there, is placed under its name.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from raftproof.checker.show.cases import PACKAGES, ROOT, Case, Location, Report, uri_of

Json: TypeAlias = dict[str, Any]
_BASES = {
    ROOT: "The root of the working copy.",
    PACKAGES: "Where Python packages are installed.",
}
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_json(report: Report, root: Path) -> str:
    """The whole file; files are named from `root` on."""
    told = [case for case in report.cases if case.answer in ("failed", "error")]
    rules = {case.rule: case.help for case in report.cases if case.rule}
    run = {
        "tool": {"driver": _driver(rules)},
        "automationDetails": {"id": f"raftproof/{'/'.join(report.about)}/"},
        "originalUriBaseIds": {name: {"description": _text(text)} for name, text in _BASES.items()},
        "invocations": [_invocation(report, told)],
        "results": [_result(case, list(rules), root) for case in told],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _driver(rules: dict[str, str]) -> Json:
    return {
        "name": "raftproof",
        "semanticVersion": version("raftproof"),
        "rules": [
            {
                "id": name,
                "shortDescription": _text(help or name),
                "fullDescription": _text(help or name),
                "help": _text(help or name),
                "defaultConfiguration": {"level": "error"},
            }
            for name, help in rules.items()
        ],
    }


def _invocation(report: Report, told: list[Case]) -> Json:
    """How the command ran; a warning is a notification of its own, and so is everything undecided."""
    notes = [{"level": "warning", "message": _text(text)} for text in report.warnings]
    undecided = [case for case in told if case.answer == "error"]
    notes += [
        {"level": "error", "message": _text(sentence)} for sentence in dict.fromkeys(c.sentence for c in undecided)
    ]
    return {
        "executionSuccessful": not undecided,
        "exitCode": report.exit_code,
        "commandLine": report.asked,
        "toolExecutionNotifications": notes,
    }


def _result(case: Case, rules: list[str], root: Path) -> Json:
    message = case.sentence + (f"\nSee it: {case.see}" if case.see else "")
    result: Json = {
        "ruleId": case.rule,
        "ruleIndex": rules.index(case.rule),
        "level": "error",
        "message": _text(message),
        "locations": [_location(case.at or Location(Path(case.name).resolve(), 1), root)],
    }
    if case.path:
        steps = [{"location": _location(step, root) | {"message": _text(step.text)}} for step in case.path]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _location(at: Location, root: Path) -> Json:
    uri, base = uri_of(at.file, root)
    artifact = {"uri": uri, "uriBaseId": base} if base else {"uri": uri}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": at.line}}}


def _text(text: str) -> Json:
    return {"text": text}
