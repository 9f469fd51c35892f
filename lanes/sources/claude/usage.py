"""Token counts of API calls: an assistant record in, one usage line out.

The same call stands on up to a dozen records and in every fork; v_usage takes the maximum of each
counter by call. Claude's buckets do not contain each other; thinking is counted in output tokens.
"""

from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.rows import Here, Rows

COUNTERS = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
)


def add_usage(rows: Rows, here: Here, call_id: str, message: dict[str, Any]) -> None:
    """Append the counters, where the record has any."""
    usage = message.get("usage")
    if not isinstance(usage, dict):
        return
    counts = [usage.get(name) for name in COUNTERS]
    counts = [c if type(c) is int and 0 <= c < 2**62 else None for c in counts]
    if any(count is not None for count in counts):
        model = string(message.get("model"))
        line = (*here[:2], call_id, here.session_id, model, here.time, *counts, 0)
        rows.usage_lines.append(line)
