"""Records that are no messages: links of the forest, titles, and what leads to other sessions."""

from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.claude.ids import parent_of, scoped
from lanes.sources.claude.tools import add_agent_call
from lanes.sources.rows import Here, Rows

TITLES = {"custom-title": "customTitle", "ai-title": "aiTitle", "agent-name": "agentName"}
# No public record shows the key of a continued session's successor, so all likely ones are read.
SUCCESSORS = ("continuedIn", "continuedInSessionId", "successorSessionId", "nextSessionId")
CONTEXT = (("cwd", "cwd"), ("git_branch", "gitBranch"), ("version", "version"))


def add_context(rows: Rows, here: Here, record: dict[str, Any]) -> None:
    """Note where and with what version a session runs, when that differs from the record before."""
    values = record.get("cwd"), record.get("gitBranch"), record.get("version")
    context = (here.file_id, here.session_id, *values)
    if context == rows.context:
        return
    rows.context = context
    for kind, key in CONTEXT:
        if value := string(record.get(key)):
            rows.facts.append((*here[:3], kind, "", value))


def add_link(rows: Rows, here: Here, record: dict[str, Any]) -> None:
    """Append a record without words to the forest, when it has a name that others may point to."""
    if name := scoped(here.session_id, record.get("uuid")):
        parent = parent_of(here.session_id, record)
        rows.links.append((*here[:2], name, here.session_id, here.agent_id, parent))


def add_other(rows: Rows, here: Here, record: dict[str, Any]) -> None:
    """Take what a record that is neither message nor attachment says of a session."""
    kind = record.get("type")
    if kind == "summary":
        leaf, text = scoped(here.session_id, record.get("leafUuid")), string(record.get("summary"))
        if leaf and text:
            rows.facts.append((*here[:3], "summary", leaf, text))
    elif kind == "continued-in":
        for successor in filter(None, (string(record.get(key)) for key in SUCCESSORS)):
            rows.facts.append((*here[:3], "continued_in", "", successor))
    elif kind == "progress":
        data = record.get("data")
        if isinstance(data, dict) and data.get("type") == "agent_progress":
            add_agent_call(rows, here, data.get("agentId"), record.get("parentToolUseID"))
    elif isinstance(kind, str) and kind in TITLES and (title := string(record.get(TITLES[kind]))):
        rows.facts.append((*here[:3], kind, "", title))
    add_link(rows, here, record)


def add_metadata(rows: Rows, here: Here, record: dict[str, Any]) -> None:
    """Take from a file beside a subagent's transcript which call started it.

    Claude Desktop's files name a session, its title and the folders that it was given.
    """
    if session_id := string(record.get("cliSessionId")):
        if title := string(record.get("title")):
            rows.facts.append((*here[:2], session_id, "ai-title", "", title))
        folders = record.get("userSelectedFolders")
        for folder in folders[:1] if isinstance(folders, list) else ():
            if folder := string(folder):
                rows.facts.append((*here[:2], session_id, "folder", "", folder))
        return
    add_agent_call(rows, here, here.agent_id, record.get("toolUseId") or record.get("tool_use_id"))
