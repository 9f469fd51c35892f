"""The salt of a home: there whole or not at all, and one for everyone who asks."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from filters.secrets import home as module
from filters.secrets import home_salt
from warehouse.errors import AgpError


def test_all_that_begin_together_agree_on_one(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        salts = set(pool.map(lambda _: home_salt(tmp_path), range(32)))
    assert len(salts) == 1 and len(salts.pop()) == 32
    assert [p.name for p in tmp_path.iterdir()] == ["salt"]
    assert (tmp_path / "salt").stat().st_mode & 0o777 == 0o600


def test_whoever_is_killed_while_making_it_leaves_no_empty_one(tmp_path, monkeypatch):
    def killed(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        home_salt(tmp_path)
    assert not (tmp_path / "salt").exists()
    monkeypatch.undo()
    assert home_salt(tmp_path) == home_salt(tmp_path)


def test_an_empty_one_is_refused(tmp_path):
    (tmp_path / "salt").touch()
    with pytest.raises(AgpError, match="cut short"):
        home_salt(tmp_path)


def test_a_file_system_without_links_does(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError()))
    assert home_salt(tmp_path) == home_salt(tmp_path)
