"""Claude Code: transcripts, subagents, tool output beside them; every version from 1.0.24 on."""

from lanes.sources.claude.normalise import normalise

__all__ = ["normalise"]
