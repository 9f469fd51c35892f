"""The same sixty rules for every engine: facts here, and how each engine says them.

A rule is (name, kind, column, argument). Kinds: `starts` with a text; `begins` with a pattern, for
which the first 200 characters are enough; `holds` a pattern anywhere, which needs a literal;
`fewer` words and `longer` characters than a number; `letters`, a share of letters below a number;
`number`, an expression over counts that reads the same in SQL and Python.
"""

from typing import Any

Rule = tuple[str, str, str, Any]

STARTS = (
    "<task-notification>", "<local-command-", "<bash-stdout>", "Caveat: The messages below",
    "This session is being continued", "/compact", "/clear", "Warmup", "<teammate-message",
    "Base directory for this skill:", "<system-reminder>", "<ide_opened_file>",
)  # fmt: skip
BEGINS = (
    r"\s*(<heartbeat\b|\[(heartbeat|keep-?alive)\])",
    r"\s*(HEARTBEAT(_OK)?|ping|pong)\s*[.!]?\s*$",
    r"\s*(<scheduled-task\b|<tick>|<cron\b)",
    r"\s*<command-(name|message)>",
    r"\s*\[Request interrupted by user[^\]]{0,40}\]",
    r"\s*(hi|hello|ok|okay|yes|no|continue|go on|thanks|thank you)\s*[.!?]?\s*$",
    r"\s*[0-9a-f]{12,64}\s*$",
    r"\s*https?://\S+\s*$",
    r"\s*[~.]?/\S+\s*$",
    r"\s*\d{1,3}\s*$",
    r"\s*(Traceback \(most recent call last\)|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)",
    r"\s*(API Error(:| \(Request)|Credit balance is too low)",
    r"\s*Unknown (slash command|skill):",
    r"\s*(Stop|PreToolUse|PostToolUse) hook (feedback|blocking error)",
)
HOLDS = (
    ("Traceback", r"Traceback \(most recent call last\)"),
    ("http", r"https?://[a-z0-9.-]+/[a-z0-9/_-]+"),
    ("API Error", r"API Error: \d{3}"),
    ("```", r"```(python|bash|json)?\n"),
    ("pytest", r"\bpytest\b.{0,20}-[a-z]\b"),
    ("@", r"[a-z0-9.]+@[a-z0-9-]+\.[a-z]{2,}"),
    ("Error", r"\b[A-Z][A-Za-z]+Error\b"),
    ("TODO", r"\bTODO\b"),
    ("/etc/", r"/etc/[a-z]+"),
    ("#", r"(?:^|\s)#\d{1,6}\b"),
)
NUMBERS = (
    "tool_calls > 0", "tool_errors > 0", "tool_calls > 0 and tool_errors * 2 > tool_calls",
    "edits > 0", "tool_calls > 3", "messages > 4", "ordinal = 0", "ordinal > 90",
)  # fmt: skip


def rules() -> list[Rule]:
    """Return the sixty rules."""
    made: list[Rule] = [(f"starts-{i}", "starts", "prompt", t) for i, t in enumerate(STARTS)]
    made += [(f"begins-{i}", "begins", "prompt", p) for i, p in enumerate(BEGINS)]
    made += [(f"says-{i}", "begins", "answer", p) for i, p in enumerate(BEGINS[:4])]
    made += [(f"asks-{i}", "holds", "prompt", h) for i, h in enumerate(HOLDS[:5])]
    made += [(f"holds-{i}", "holds", "answer", h) for i, h in enumerate(HOLDS)]
    made += [(f"prompt-fewer-{n}", "fewer", "prompt", n) for n in (2, 4)]
    made += [(f"answer-fewer-{n}", "fewer", "answer", n) for n in (3, 8)]
    made += [
        ("prompt-longer", "longer", "prompt", 800),
        ("answer-longer", "longer", "answer", 3000),
    ]
    made += [("prompt-letters", "letters", "prompt", 0.5)]
    made += [(f"number-{i}", "number", "", e) for i, e in enumerate(NUMBERS)]
    assert len(made) == 60, len(made)
    return made


def quoted(text: str) -> str:
    """Return an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def agp(rule: Rule) -> str:
    """Return a rule as a `where` of agp."""
    _, kind, column, given = rule
    if kind == "starts":
        return f"starts_with({column}, {quoted(given)})"
    if kind == "begins":
        return f"regexp_matches(left({column}, 200), {quoted('^' + given)})"
    if kind == "holds":
        literal, pattern = map(quoted, given)
        return f"contains({column}, {literal}) and regexp_matches({column}, {pattern})"
    if kind == "fewer":
        return f"{column}_words < {given}"
    if kind == "longer":
        return f"{column}_chars > {given}"
    return f"{column}_letters < {given}" if kind == "letters" else given


def naive(rule: Rule) -> str:
    """Return a rule as one writes it in SQL at first."""
    _, kind, column, given = rule
    if kind == "starts":
        return f"{column} like {quoted(given + '%')}"
    if kind == "begins":
        return f"regexp_matches({column}, {quoted('^' + given)})"
    if kind == "holds":
        return f"regexp_matches({column}, {quoted(given[1])})"
    if kind == "fewer":
        return f"len(regexp_extract_all({column}, '\\S+')) < {given}"
    if kind == "longer":
        return f"length({column}) > {given}"
    if kind == "letters":
        other = f"length(regexp_replace({column}, '[A-Za-z]', '', 'g'))"
        return f"1 - {other} / length({column}) < {given}"
    return given


def toml() -> str:
    """Return the rules as a file of agp's rules."""
    lines = []
    for rule in rules():
        keys = {"id": rule[0], "on": "exchange", "action": "drop", "where": agp(rule)}
        lines += ["[[rule]]", *(f"{k} = '''{v}'''" for k, v in keys.items())]
        lines += ['why = "benchmark"', 'hit = ["-"]', 'miss = ["-"]', ""]
    return "\n".join(lines)
