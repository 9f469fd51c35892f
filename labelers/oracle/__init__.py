"""Route and vitality labels: what a capture recorded in, a label a state out, all of it in SQL.

The earliest acceptable boundary of a position is the first candidate layer whose lens agrees with
full depth there and at every later candidate. A set of thresholds is a version of the labels;
another set makes another version beside it and no model runs for it.
"""

import hashlib
import tomllib
from collections.abc import Sequence
from typing import Any, Literal

import duckdb
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, ValidationError

from warehouse.complaints import complaint
from warehouse.errors import AgpError
from warehouse.statements import execute_file, statement

PACKAGE = "labelers.oracle"
ROUTES = ("accept_local", "continue_local", "revive_local", "escalate")
FILES = ("vitality", "oracle")  # in the order they run
VITALITIES = ("alive", "weak", "revive_needed", "dead")


class OracleSettings(BaseModel):
    """What oracle.toml holds; its comments say what each is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kl: PositiveFloat | None = None
    lens: Literal["affine", "logit"]
    near: PositiveFloat
    weak: PositiveFloat
    revive: PositiveFloat
    dead: PositiveFloat
    floor: NonNegativeFloat = Field(le=1)


def thresholds(changes: Sequence[str] = ()) -> OracleSettings:
    """Return the thresholds of oracle.toml with some changed, each as NAME=VALUE.

    >>> thresholds(["kl=0.1"]).kl
    0.1
    """
    values: dict[str, Any] = tomllib.loads(statement(PACKAGE, "oracle.toml"))
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not value.strip():
            raise AgpError(f"--set {change} has no value; write it as {name.strip()}=0.1")
        values[name.strip()] = value.strip()
    try:
        return OracleSettings.model_validate(values)
    except ValidationError as error:
        known = ", ".join(OracleSettings.model_fields)
        raise AgpError(f"threshold {complaint(error)}; there are {known}") from None


def version_of(chosen: OracleSettings, seen: str = "") -> str:
    """Return the name of the labels under these thresholds: a hash of them and of the SQL.

    `seen` is the hash of the projection whose confidence stands beside the facts, if one does.
    """
    texts = [chosen.model_dump_json(), *(statement(PACKAGE, f"{f}.sql") for f in FILES)]
    texts += [seen] if seen else []
    return "o" + hashlib.sha256("\0".join(texts).encode()).hexdigest()[:15]


def label(con: duckdb.DuckDBPyConnection, capture_id: str, settings: Any = None) -> str:
    """Label a capture's states unless these thresholds already did; return the labels' version.

    `settings` are those of oracle.toml where None. AgpError where there is no such capture, or
    where it holds nothing of the training side, which vitality is measured against.
    """
    chosen = settings or thresholds()
    version = version_of(chosen, projection(con, capture_id))
    known = "select 1 from route_labels where capture_id = ? and label_version = ? limit 1"
    if con.execute(known, [capture_id, version]).fetchall():
        return version
    values = chosen.model_dump() | {
        "capture": capture_id,
        "version": version,
        "lens": lens_of(con, capture_id, chosen.lens),
        "n_layers": n_layers(con, capture_id),
    }
    execute_file(con, PACKAGE, "vitality.sql", **values)
    con.execute("begin")
    execute_file(con, PACKAGE, "oracle.sql", **values)
    con.execute("commit")
    return version


def projection(con: duckdb.DuckDBPyConnection, capture_id: str) -> str:
    """Return the hash of the projection whose confidence a capture carries, "" for none."""
    query = "select weights_sha256 from semantic_marks where capture_id = ?"
    found = con.execute(query, [capture_id]).fetchall()
    return found[0][0] if found else ""


def n_layers(con: duckdb.DuckDBPyConnection, capture_id: str) -> int:
    """Return the depth of the model of a capture; AgpError where it cannot be labelled."""
    depth = "select n_layers from captures where capture_id = ?"
    found = con.execute(depth, [capture_id]).fetchall()
    if not found:
        raise AgpError(f"no capture {capture_id} in the warehouse; `agp captures list` names them")
    side = (
        "select 1 from trace_layers where capture_id = ? and planted is null "
        "and split in ('train', 'heads') limit 1"
    )
    if not con.execute(side, [capture_id]).fetchall():
        raise AgpError(
            f"capture {capture_id} holds no prompt of the heads split, which vitality is measured "
            "against; `agp train capture --splits heads,valid,calib` makes one that does"
        )
    return found[0][0]


def lens_of(con: duckdb.DuckDBPyConnection, capture_id: str, wanted: str) -> str:
    """Return the lens that reads the states: the one wanted, else the logit lens."""
    query = "select 1 from trace_layers where capture_id = ? and lens = ? limit 1"
    return wanted if con.execute(query, [capture_id, wanted]).fetchall() else "logit"


def rows(con: duckdb.DuckDBPyConnection, capture_id: str, version: str) -> pa.Table:
    """Return the labels of a version: the columns of `route_labels`.

    Ordered by prompt, step, layer; the real state stands before its damaged copies.
    """
    query = (
        "select * from route_labels where capture_id = $capture and label_version = $version "
        "order by prompt_id, step, layer, planted nulls first"
    )
    values = {"capture": capture_id, "version": version}
    return con.sql(query, params=values).to_arrow_table()


def find(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the id of the capture that a unique beginning names."""
    query = "select capture_id from captures where starts_with(capture_id, ?)"
    found = con.execute(query, [name]).fetchall()
    if len(found) != 1:
        what = f"{len(found)} captures" if found else "no capture"
        raise AgpError(f"{what} named {name!r}; `agp captures list` names them")
    return found[0][0]


def records(
    con: duckdb.DuckDBPyConnection, name: str, capture_id: str, version: str
) -> list[dict[str, Any]]:
    """Return the rows of a statement beside this module over a version of the labels."""
    values = {"capture": capture_id, "version": version}
    return con.sql(statement(PACKAGE, f"{name}.sql"), params=values).to_arrow_table().to_pylist()
