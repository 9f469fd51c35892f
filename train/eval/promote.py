"""A decision from evidence: evaluations on the test split in, promote, hold or reject out.

Nothing here measures anything, and no threshold is chosen: gates were fixed, and hashed, before the
test split was read. Their verdicts are derived anew from the numbers, so a verdict that was edited
does not survive.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.eval.gates import parse_gates
from train.eval.statistics import Estimate
from warehouse.errors import AgpError


@dataclass(frozen=True)
class Decision:
    """What becomes of a run, and why in words."""

    word: str  # promote | hold | reject
    reason: str


def decide(documents: Sequence[dict[str, Any]]) -> Decision:
    """Return the decision over all evaluations on the test split.

    One failed gate rejects. One that too little was measured for, or a test split that was opened
    for this run under other gates before, holds. A run is promoted when every gate passed.

    >>> passed, unsure = {"name": "ce", "verdict": "passed"}, {"name": "json", "verdict": "too_few"}
    >>> opened = {"under_other_gates": 0}
    >>> decide([{"pack": "p", "gates": [passed], "openings": opened}]).word
    'promote'
    >>> decide([{"pack": "p", "gates": [passed, unsure], "openings": opened}])
    Decision(word='hold', reason='too few to tell: json (p)')
    """
    several = len({document.get("run_id") for document in documents}) > 1
    by_verdict: dict[str, list[str]] = {"failed": [], "too_few": [], "passed": []}
    for document in documents:
        for gate in document["gates"]:
            of = f"{document['run_id']}, " if several else ""
            by_verdict[gate["verdict"]].append(f"{gate['name']} ({of}{document['pack']})")
    if failed := by_verdict["failed"]:
        return Decision("reject", f"failed: {', '.join(failed)}")
    if by_verdict["too_few"]:
        return Decision("hold", f"too few to tell: {', '.join(by_verdict['too_few'])}")
    if any(d["openings"]["under_other_gates"] for d in documents):
        return Decision("hold", "the test split had been opened for this run under other gates")
    return Decision("promote", f"every gate passed: {', '.join(by_verdict['passed'])}")


def check_verdicts(document: dict[str, Any], text: str, file: Path) -> None:
    """Raise AgpError unless a document's gates are those of `text`, with the verdicts they give.

    `text` is what was written down when the test split was opened; `file` names its place.
    """
    if hashlib.sha256(text.encode()).hexdigest()[:16] != document["gates_digest"]:
        raise tampered(document, f"the gates in {file} are not those it was held against")
    fixed = {gate.name: gate for gate in parse_gates(text, file).gates}
    rows = document["gates"]
    if [row["name"] for row in rows] != list(fixed):
        raise tampered(document, "it does not answer exactly the gates that were fixed")
    for row in rows:
        found = None
        if row["value"] is not None:
            found = Estimate(row["value"], row["low"], row["high"], row["n"])
        verdict = fixed[row["name"]].verdict(found)
        if (verdict, fixed[row["name"]].threshold) != (row["verdict"], row["threshold"]):
            raise tampered(document, f"gate {row['name']} says {row['verdict']}, not {verdict}")


def tampered(document: dict[str, Any], what: str) -> AgpError:
    """Return the error of an evaluation that is not as it was made."""
    return AgpError(
        f"the evaluation of {document['run_id']} on {document['pack']} is not as it was made: "
        f"{what}; measure it anew: agp eval {document['run_id']} --pack {document['pack']}"
    )
