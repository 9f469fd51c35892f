"""Dawid–Skene by crowd-kit: who is how reliable, and what is true, from votes alone."""

import importlib
import sys
import warnings
from functools import cache
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

import polars as pl

ITERATIONS = 50
PACKAGES = ("crowdkit", "crowdkit.aggregation", "crowdkit.aggregation.classification")


@cache
def aggregator() -> Any:
    """Return crowd-kit's class, without the start of its packages.

    Those import scikit-learn, nltk and scipy.stats for other aggregators, which takes three times
    as long as this one needs, so bare packages stand in for them while its module is imported.
    """
    name = f"{PACKAGES[-1]}.dawid_skene"
    if name not in sys.modules:
        found = PathFinder.find_spec(PACKAGES[0])
        if found is None or not found.submodule_search_locations:
            raise ModuleNotFoundError(PACKAGES[0])
        root = found.submodule_search_locations[0]
        for package in PACKAGES:
            bare = ModuleType(package)
            bare.__path__ = ["/".join([root, *package.split(".")[1:]])]
            sys.modules[package] = bare
    return importlib.import_module(name).DawidSkene


def dawid_skene(votes: pl.DataFrame) -> dict[str, float]:
    """Return the probability that the answer to a question is yes, by question.

    `votes` are question, worker, holds; with fewer than two workers, or no vote on one of the
    sides, there is nothing to learn and nothing is returned.

    A. P. Dawid and A. M. Skene, Applied Statistics 28 (1979), 20-28.
    """
    if votes["worker"].n_unique() < 2 or votes["holds"].n_unique() < 2:
        return {}
    import pandas as pd

    asked = pd.DataFrame(
        {
            "task": votes["question"].to_list(),
            "worker": votes["worker"].to_list(),
            "label": votes["holds"].to_list(),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # crowd-kit 1.4 on pandas 3
        found = aggregator()(n_iter=ITERATIONS).fit_predict_proba(asked)
    return dict(zip(found.index.tolist(), found[True].astype(float).tolist(), strict=True))
