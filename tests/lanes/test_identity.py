"""One exchange, many sightings: what is planted in the sample's logs against what is found."""

from collections import Counter, defaultdict
from itertools import combinations

import pytest

from lanes import sample_history
from lanes.sample_history.logs import copy_logs_to

OPENERS = "select opener_id, exchange_id from v_exchanges"
LINES = """select regexp_extract(f.path, '\\.claude/(.*)$', 1), s.record_ordinal, s.exchange_id
from v_sightings s join v_files f using (file_id) where s.source <> 'claude'"""


def pairs(groups: dict[str, list[object]]) -> set[frozenset[object]]:
    return {frozenset(pair) for members in groups.values() for pair in combinations(members, 2)}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Return the pairs of sightings that are one exchange in truth, those found, and what else."""
    from click.testing import CliRunner

    from agp.cli import main
    from warehouse.store import open_reader

    home = tmp_path_factory.mktemp("logs")
    sample_history.copy_to(home)
    truth = copy_logs_to(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        assert CliRunner().invoke(main, ["ingest"]).exit_code == 0
        with open_reader() as con:
            openers = dict(con.execute(OPENERS).fetchall())
            lines = con.execute(LINES).fetchall()
            [(apart,)] = con.execute("select count(*) from v_ambiguous_prompts").fetchall()
    planted, found = defaultdict(list), defaultdict(list)
    for file, line, name in truth:
        planted[name].append((file, line))
    for name, members in planted.items():
        if name in openers:
            members.append(name)
            found[openers[name]].append(name)
    for file, line, exchange in lines:
        found[exchange].append((file, line))
    return pairs(planted), pairs(found), Counter(len(m) for m in planted.values()), apart


def test_precision_and_recall_over_what_is_planted(measured):
    planted, found, sizes, _ = measured
    assert len(planted) >= 300 and sizes[1] >= 20 and sizes[4] >= 20
    assert len(planted & found) / len(found) >= 0.99
    assert len(planted & found) / len(planted) >= 0.99


def test_what_was_left_apart_is_listed(measured):
    assert measured[3] >= 10
