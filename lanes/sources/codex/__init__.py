"""Codex: rollouts of four generations, plain or compressed."""

from lanes.sources.codex.normalise import normalise

__all__ = ["normalise"]
