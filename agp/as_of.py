"""A copy of the warehouse as it was when a dataset was built: what came since is taken away.

Records stand in segments in the order in which they were ingested, and every ingest counted its
own, so the first so many are those of then. The normal layer is derived from them anew, and all
that was judged of it is judged again. Only ever used on a copy: a warehouse loses nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

JUDGED = (
    *("features", "clusters", "decisions", "votes", "labels", "label_runs", "turns", "process"),
    *("scripts", "bundles", "bundle_members", "neighbours"),
)


def go_back(con: "duckdb.DuckDBPyConnection", build_id: str) -> int:
    """Take away from a copy what was ingested or decided since a build; return how many records.

    Nothing changes where nothing was ingested since, or the build is not known here.
    """
    from agp.rebuild import derive
    from warehouse.statements import execute_file

    [(since,)] = execute_file(con, "agp", "ingested_since.sql", build=build_id)
    if since:
        execute_file(con, "agp", "as_of.sql", build=build_id, since=since)
        for table in JUDGED:
            con.execute(f"delete from {table}")
        derive(con, lambda done: None)
    return int(since)
