"""Sessions for other people's tools: redacted, as the agent's own JSONL and as ATIF documents."""
