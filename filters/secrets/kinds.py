"""Names of findings: what betterleaks' rules are called here, and what to do about each kind."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("filters.secrets") / "kinds.toml").read_text(encoding="utf-8"))


def kind_of(rule_id: str) -> str:
    """Return the kind of a rule, the same for all variants of the rule.

    >>> kind_of("github-pat"), kind_of("datadog-api-key.2"), kind_of("aws-access-token")
    ('github_pat', 'datadog_api_key', 'aws_key')
    """
    name = rule_id.partition(".")[0]
    return _table()["rules"].get(name, name.replace("-", "_"))


def advice(kind: str) -> str:
    """Return what to do about a leaked secret of this kind.

    >>> advice("email")
    'personal: nothing to rotate'
    """
    table = _table()["advice"]
    return table.get(kind, table["default"])
