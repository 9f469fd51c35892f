"""Every statement that stands in a .sql file binds against an empty warehouse."""

from pathlib import Path

import duckdb
import pytest

import warehouse
from warehouse.store import in_memory

FOLDER = Path(str(warehouse.__file__)).parent
FILES = [
    *(FOLDER / "status").glob("*.sql"),
    *(FOLDER / "examples").glob("*.sql"),
    *(file for file in FOLDER.glob("*.sql") if file.name != "lineage.sql"),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_statement_binds(file):
    with in_memory() as con:
        for statement in duckdb.extract_statements(file.read_text()):
            values = dict.fromkeys(statement.named_parameters, "1")
            con.execute("explain " + statement.query, values)
