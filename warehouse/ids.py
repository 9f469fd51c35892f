"""From the beginning of an id to the one thing it names."""

import duckdb

from warehouse.errors import AgpError


def find_exchange(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the one exchange whose id is, or begins with, `name`."""
    if not name:
        raise AgpError("an exchange has an id, not nothing; `agp sql` shows them: from v_exchanges")
    rows = con.execute(
        "select exchange_id from exchanges where starts_with(exchange_id, ?) "
        "order by exchange_id <> ?, exchange_id limit 2",
        [name, name],
    ).fetchall()
    if not rows:
        raise AgpError(f"there is no exchange {name}; `agp sql` shows them: from v_exchanges")
    if len(rows) > 1 and rows[0][0] != name:
        raise AgpError(f"several exchanges begin with {name}; give more of the id")
    return rows[0][0]
