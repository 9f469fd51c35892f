"""A small warehouse written row by row: the schema alone, without any parser."""

import shutil
from pathlib import Path

import pytest

from warehouse.store import open_writer

ROWS = """
insert into files values ('f1', 'claude', '/h/one.jsonl', 'transcript', 's1', 1, 30, 3, 1,
    ''::blob, 30, 1, 'present', '2026-01-01', '2026-01-01', null);
insert into raw_records values
    ('f1', 0, 0, 10, ''::blob, '{"a":"b"}\n'::blob, false, null),
    ('f1', 1, 10, 10, ''::blob, '{"key":"sk'::blob, false, 'json'),
    ('f1', 2, 20, 10, ''::blob, '{"a":"c"}\n'::blob, false, null);
insert into sessions (session_id, agent, source, family_id, project, started_at) values
    ('s1', 'claude', 'claude', 's1', 'garden', '2026-01-01 10:00');
insert into messages values
    ('f1', 0, 'm1', 's1', null, null, null, 'user', 'person', 'prompt', null, '2026-01-01 10:00',
     'Water the roses, please.'),
    ('f1', 2, 'm2', 's1', null, 'm1', 'a1', 'assistant', 'agent', 'answer', 'claude-opus-4-5',
     '2026-01-01 10:01', 'Done.');
insert into placements values
    ('f1', 0, 'm1', 's1', 'x1', 0, true), ('f1', 2, 'm2', 's1', 'x1', 1, true);
insert into exchanges (exchange_id, session_id, source, opener_id, ordinal, author, kind,
    asked_at, interrupted)
values ('x1', 's1', 'claude', 'm1', 0, 'person', 'prompt', '2026-01-01 10:00', false);
insert into usage_lines values
    ('f1', 2, 'a1:r1', 's1', 'claude-opus-4-5', '2026-01-01 10:01', 10, 20, 30, 40, null);
"""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse file that is made once."""
    path = tmp_path_factory.mktemp("template") / "warehouse.duckdb"
    with open_writer(path) as con:
        con.execute(ROWS)
    return path


@pytest.fixture
def small(home: Path, template: Path) -> Path:
    """Return a home whose warehouse holds one exchange and one broken record."""
    (home / ".agp").mkdir()
    shutil.copy(template, home / ".agp")
    return home
