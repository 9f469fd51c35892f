"""Every vote on one exchange, and the labels that came of them."""

from typing import Any

import duckdb

from warehouse.ids import find_exchange


def explain(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """Return an exchange's labels and votes, with its words and those before it.

    `name` is its id or the beginning of one; votes must be up to date.
    """
    exchange_id = find_exchange(con, name)
    words = con.execute(
        "select left(e.prompt, 2000), left(p.prompt, 2000) from v_exchanges e "
        "left join thread x using (exchange_id) "
        "left join v_exchanges p on p.exchange_id = x.previous_id where e.exchange_id = ?",
        [exchange_id],
    ).fetchall()[0]
    labels = con.execute(
        "select label, probability, source from v_labels where exchange_id = ? "
        "order by probability desc, label",
        [exchange_id],
    ).fetchall()
    votes = con.execute(
        "select labeler, label, holds, confidence, why from v_votes join labelers using (labeler) "
        "where exchange_id = ? order by label, labeler",
        [exchange_id],
    ).fetchall()
    return {
        "exchange_id": exchange_id,
        "prompt": words[0] or "",
        "previous": words[1] or "",
        "labels": [dict(zip(("label", "probability", "source"), r, strict=True)) for r in labels],
        "votes": [
            dict(zip(("labeler", "label", "holds", "confidence", "why"), v, strict=True))
            for v in votes
        ],
    }
