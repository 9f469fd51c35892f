"""The demo's steps of the other sources: prompt logs, rollouts, Claude Desktop, and memories."""

from agp.demo_guide import Guide


def sources(guide: Guide) -> None:
    """What other sources add."""
    from lanes.sample_history.desktop import copy_desktop_to
    from lanes.sample_history.logs import copy_logs_to
    from lanes.sample_history.rollouts import copy_rollouts_to

    copy_logs_to(guide.home)
    copy_rollouts_to(guide.home)
    copy_desktop_to(guide.home)
    guide.step(
        "The same work, seen by others",
        "Prompt logs and the clients' own histories keep what was typed, also where a transcript "
        "is gone; Codex keeps rollouts of its own, Claude Desktop those of Cowork. What is the "
        "same exchange stays one row, the highest source decides its words, and what could be two "
        "stays apart and is listed.",
    )
    guide.run("ingest", lines=12, last=8)
    guide.run("sources", "audit", "--limit", "3")


def memories(guide: Guide) -> None:
    """What a memory archive adds."""
    from lanes.sample_history.memories import FOLDER, copy_memories_to

    copy_memories_to(guide.home)
    guide.step(
        "What was remembered",
        "A memory archive (tables of a Supabase project, here files of their rows) is the longest "
        "history of all. Its prompts are sightings of the same exchanges, and each exchange can be "
        "asked for the memories that precede it: a training row may begin with them.",
    )
    guide.run("ingest", str(guide.home / FOLDER), lines=12, last=8)
    found = guide.rows(
        "select exchange_id from v_exchanges where author = 'person' and project = 'krume' "
        "and length(prompt) > 60 order by asked_at desc limit 1"
    )
    guide.run("memories", found[0]["exchange_id"])
