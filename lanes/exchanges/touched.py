"""What must be looked at anew: sessions in, a temporary table `touched` with all they hang on."""

from typing import Any

import pyarrow as pa

from lanes.exchanges.structure import query


def touch(con: Any, session_ids: set[str]) -> None:
    """Fill the temporary table `touched` with the sessions and all of their families.

    Another, `superseded`, names records that a later version of the same row replaces.
    """
    con.execute("create or replace temp table touched (session_id varchar)")
    given = pa.table({"session_id": pa.array(sorted(session_ids), pa.string())})
    con.register("given_sessions", given)
    con.execute("insert into touched select session_id from given_sessions")
    con.unregister("given_sessions")
    con.execute(query("pasted"))
    con.execute(query("superseded"))
    con.execute(f"create or replace temp table found as {query('closure')}")
    con.execute("create or replace temp table touched as select distinct session_id from found")
    con.execute("drop table found")
