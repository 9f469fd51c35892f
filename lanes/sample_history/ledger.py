"""What is true of the sample history: written down while it is written, to measure others against.

Everything that a reader of the tree should find (who typed what, which records are noise of which
kind, where the secrets and the broken lines are) comes in; one JSON-like dictionary goes out.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """The ground truth, filled in as records are written."""

    prompts: list[dict[str, Any]] = field(default_factory=list)
    noise: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[dict[str, Any]] = field(default_factory=list)
    forks: list[dict[str, Any]] = field(default_factory=list)
    subagents: list[dict[str, Any]] = field(default_factory=list)
    broken: list[dict[str, Any]] = field(default_factory=list)
    compactions: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, dict[str, int]] = field(default_factory=dict)
    tools: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def use(self, call_id: str, usage: dict[str, int]) -> None:
        """Keep the largest value that each counter of an API call reached."""
        seen = self.usage.setdefault(call_id, {})
        for name, value in usage.items():
            seen[name] = max(value, seen.get(name, 0))

    def as_dict(self) -> dict[str, Any]:
        """Return everything, with totals in front.

        `prompts`: a row for each thing the person typed, with `learnable` where an answer follows.
        `noise`: kind -> uuids. `broken`: path, offset, length, kind, and whether it can be read.
        """
        totals = {
            "prompts": len(self.prompts),
            "learnable": sum(p["learnable"] for p in self.prompts),
            "noise": {kind: len(ids) for kind, ids in sorted(self.noise.items())},
            "duplicates": len(self.duplicates),
            "secrets": len(self.secrets),
            "forks": len(self.forks),
            "subagents": len(self.subagents),
            "broken": len(self.broken),
            "sessions": len(self.sessions),
            "tools": {kind: len(ids) for kind, ids in sorted(self.tools.items())},
            "output_tokens": sum(u["output_tokens"] for u in self.usage.values()),
        }
        return {"totals": totals, **{k: _plain(v) for k, v in vars(self).items()}}


def _plain(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value
