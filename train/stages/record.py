"""What an evaluation leaves behind: looks at the test split beforehand, numbers and verdicts after.

Both go into the run's folder and the warehouse, in one short transaction each.
"""

import json
import os
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from warehouse.store import open_writer

WAIT = 30.0  # seconds for another writer to finish


def open_test(run: Path, head: dict[str, Any], gates: str) -> dict[str, int]:
    """Write down a look at the test split, with the gates; return how often it was opened.

    Raises AgpError, and nothing is read, where the look cannot be written down.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    row = [head[k] for k in ("run_id", "stage", "pack", "pack_digest", "gates_digest")]
    line = {"opened_at": now.isoformat(), **head, "gates": gates}
    with (run / "openings.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
    counts = (
        "select count(*), count(*) filter (run_id = $1), "
        "count(*) filter (run_id = $1 and gates_digest <> $3) "
        "from test_openings where pack_digest = $2"
    )
    with open_writer(wait=WAIT) as con:
        con.execute("insert into test_openings values (?, ?, ?, ?, ?, ?)", [*row, now])
        found = con.execute(counts, [row[0], row[3], row[4]]).fetchall()[0]
    return dict(zip(("of_pack", "of_run", "under_other_gates"), found, strict=True))


def record(document: dict[str, Any]) -> None:
    """Write an evaluation's measures and verdicts; an earlier one on the same pack gives way."""
    head = [document["run_id"], document["stage"]]
    split, pack = document["split"], document["pack"]
    metrics = [
        [*head, m["name"], split, *(number(m[k]) for k in ("value", "low", "high")), m["n"], pack]
        for m in document["measures"]
    ]
    columns = "run_id, stage, name, split, value, low, high, n, pack"
    with open_writer(wait=WAIT) as con:
        con.execute("begin")
        con.execute(
            "delete from metrics where run_id = ? and split = ? and pack = ? and not own",
            [head[0], split, pack],
        )
        con.executemany(
            f"insert into metrics ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)", metrics
        )
        if split == "test" or document["stage"] == 0:
            con.execute("delete from gates where run_id = ? and pack = ?", [head[0], pack])
            con.executemany(
                f"insert into gates values ({', '.join('?' * 15)})", gate_rows(document)
            )
        con.execute("commit")


def gate_rows(document: dict[str, Any]) -> list[list[Any]]:
    """Return the columns of `gates` in order."""
    now = datetime.now(UTC).replace(tzinfo=None)
    keys = ("name", "rule", "threshold", "value", "low", "high", "n", "verdict")
    last = [document[k] for k in ("pack", "pack_digest", "gates_digest")]
    return [
        [document["run_id"], document["stage"], i, *(g[k] for k in keys), *last, now]
        for i, g in enumerate(document["gates"])
    ]


def number(value: float | None) -> float | None:
    """Return a number, None where there is none."""
    return value if value is not None and isfinite(value) else None
