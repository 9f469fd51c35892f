"""The example queries as macros: files of warehouse/examples in, the SQL that makes macros out.

`tool-errors.sql` becomes `tool_errors(n)`: `from tool_errors()` is all of its rows, in its order,
`from tool_errors(10)` the first ten. So a query stands in one place, as a file and as a macro.
"""

from importlib.resources import files

ROWS = "n"  # the parameter: how many rows; null, unless it is given: all


def example_files() -> dict[str, str]:
    """Return the text of every example query by name, in the order of names."""
    folder = files("warehouse") / "examples"
    found = {f.name: f for f in folder.iterdir() if f.name.endswith(".sql")}
    return {name.removesuffix(".sql"): found[name].read_text("utf-8") for name in sorted(found)}


def shown_by(sql: str) -> str:
    """Return what an example shows, which its first line says.

    >>> shown_by("-- how often\\nselect 1")
    'how often'
    """
    return sql.partition("\n")[0].removeprefix("--").strip()


def macro_name(example: str) -> str:
    """Return an example's name as SQL has it.

    >>> macro_name("tool-errors")
    'tool_errors'
    """
    return example.replace("-", "_")


def macros_sql() -> str:
    """Return the SQL that makes a macro of every example and says what it shows."""
    parts = []
    for name, sql in example_files().items():
        macro, says = macro_name(name), shown_by(sql).replace("'", "''")
        query = f"{sql.rstrip().removesuffix(';')}\nlimit {ROWS}"
        parts.append(f"create or replace macro {macro}({ROWS} := null) as table\n{query};\n")
        parts.append(f"comment on macro table {macro} is '{says}';\n")
    return "".join(parts)
