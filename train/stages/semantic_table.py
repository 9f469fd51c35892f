"""One split under every method: what they said of its texts, and what is measured of that."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import mlx.core as mx
import numpy as np

from labelers.keywords import keyword_scores, without_keywords
from labelers.load import load as load_labelers
from train.eval import stage4
from train.eval.resample import Groups
from train.eval.stage1 import Measure
from train.eval.stage4 import BAG, DENSE, SEMANTIC, Scores, Split
from train.eval.usefulness import UNTRAINED
from train.harness.labelled_texts import LabelledTexts
from train.stages.semantic_fit import Fitted, earlier
from train.stages.semantic_losses import whole
from train.stages.stage4 import CONTROL
from train.stages.text_states import Written
from warehouse.errors import AgpError
from warehouse.store import open_reader

WAYS: tuple[Written, ...] = ("masked", "near", "far")


@dataclass(frozen=True)
class Table:
    """What all methods said of a split, and what is measured of it."""

    split: Split
    measures: list[Measure]
    gated: dict[str, list[Measure]]  # by candidate: the projection, the control
    labels: list[str]


def measures(fitted: Fitted, name: str) -> Table:
    """Read a split and measure everything but use."""
    source, pool = fitted.source, fitted.settings.pool
    texts = source.read(name)
    split = Split(Groups.of(texts.ids, sessions(texts.ids)), texts.holds)
    states = {"plain": source.states(name, pool)}
    states |= {way: source.states(name, pool, way) for way in WAYS}
    plain, masked = (methods(fitted, texts, states, way) for way in ("plain", "masked"))
    on = {way: active(fitted, of) for way, of in states.items()}
    found = stage4.precision_measures(split, plain, "")
    found += stage4.precision_measures(split, masked, ".masked")
    sparse = stage4.sparsity(split, on["plain"])
    found += stability(split, states, on)
    if same := stage4.agreement(split, plain[SEMANTIC]):
        found.append(same)
    gated = {
        candidate: stage4.gaps(split, candidate, plain, masked) for candidate in (SEMANTIC, CONTROL)
    }
    own = [sparse, *(m for m in found if m.name == "unstable")]
    found = [m for m in found if m.name != "unstable"]
    gated[SEMANTIC] += own
    labels = [texts.labels[j] for j in split.measured]
    return Table(split, found, gated, labels)


def sessions(ids: list[str]) -> list[str]:
    """Return the session family of each exchange, itself where this warehouse does not know it."""
    query = (
        "select exchange_id, coalesce(family_id, session_id) from exchanges "
        "join sessions using (session_id) where list_contains(?, exchange_id)"
    )
    try:
        with open_reader() as con:
            known = dict(con.execute(query, [ids]).fetchall())
    except (AgpError, duckdb.Error):
        known = {}
    return [known.get(name, name) for name in ids]


def methods(
    fitted: Fitted, texts: LabelledTexts, states: Mapping[str, np.ndarray], way: str
) -> dict[str, Scores]:
    """Return each method's scores of a split's texts, as they are or with keywords masked."""
    before = earlier(texts)
    asked = texts.asked
    labelers = load_labelers().labelers
    if way == "masked":
        asked, before = (without_keywords(x, labelers) for x in (asked, before))
    h, (words, bag) = states[way], fitted.bag
    said = {name: np.array(m(mx.array(h))[0], float) for name, m in fitted.members.items()}
    return {
        SEMANTIC: [said[name] for name in fitted.seeds],
        "prior": [np.tile(fitted.prior, (len(h), 1))],
        "labelers": [keyword_scores(asked, labelers, texts.labels)],
        BAG: [bag(words(asked, before))],
        DENSE: [fitted.dense(h)],
        CONTROL: [said[CONTROL]],
        UNTRAINED: [said[UNTRAINED]],
    }


def active(fitted: Fitted, states: np.ndarray) -> list[np.ndarray]:
    """Return which units each seed turns on for states [n x d]: [n x u] bool."""
    return [np.array(fitted.members[name](mx.array(states))[1]) > 0 for name in fitted.seeds]


def stability(
    split: Split, states: Mapping[str, np.ndarray], on: Mapping[str, list[np.ndarray]]
) -> list[Measure]:
    """Return how alike units are under other words; ways that training never saw decide."""
    found = []
    for way in WAYS:
        there = whole(states[way])
        if there.any():
            ratio, inverse = stage4.stability(split, on["plain"], on[way], there)
            found.append(split.measure(f"stability.{way}", ratio))
            if way == "far":
                found.append(split.measure("unstable", inverse))
    return found
