"""Logs of prompts: what a person typed is kept there also when the transcript is gone."""

from lanes.sources.logs import history, verbose

__all__ = ["history", "verbose"]
