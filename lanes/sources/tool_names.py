"""One common name for each tool, whatever an agent or a version calls it."""

COMMON_NAMES = {
    "Agent": "Task",
    "exec_command": "Bash",
    "shell": "Bash",
    "shell_command": "Bash",
    "local_shell": "Bash",
    "apply_patch": "Edit",
    "apply_diff": "Edit",
    "edit_file": "Edit",
    "read_file": "Read",
    "search_files": "Grep",
    "list_files": "Glob",
    "write_file": "Write",
    "create_file": "Write",
    "spawn_agent": "Task",
    "update_plan": "TodoWrite",
    "web_search": "WebSearch",
}
EDITS = ("Edit", "Write", "MultiEdit", "NotebookEdit")


def common_name(name: str) -> str:
    """Return the common name, which is Claude Code's own where it has one.

    >>> common_name("exec_command"), common_name("Bash"), common_name("mcp__db__query")
    ('Bash', 'Bash', 'mcp__db__query')
    """
    return COMMON_NAMES.get(name, name)
