"""How an exchange went, for the routing lane: facts of its tool calls and words, made in SQL."""

import duckdb

from warehouse.statements import count, execute_file


def refresh_process(con: duckdb.DuckDBPyConnection) -> int:
    """Bring the table process up to date; return how many exchanges were new or changed.

    Features must be up to date.
    """
    con.execute("begin")
    execute_file(con, "labelers.process", "process.sql")
    con.execute("commit")
    return count(con, "process_due")
