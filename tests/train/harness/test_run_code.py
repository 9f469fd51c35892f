"""Code a model wrote cannot stay, see this process's environment, or leave anything behind."""

import time

import pytest

from train.harness.checks import Code, Exact, Json
from train.harness.run_code import run_code


def test_endless_code_ends(monkeypatch):
    monkeypatch.setattr("train.harness.run_code.SECONDS", 1.0)
    started = time.monotonic()
    assert not run_code("while True: pass", "pass")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "code",
    [
        "x = bytearray(2 * 1024**3)",
        "open('big', 'wb').write(bytes(5 * 1024**2))",
        "import os; os.abort()",
        "raise SystemExit(3)",
        "def",
    ],
)
def test_what_goes_over_a_limit_fails(code):
    assert not run_code(code, "pass")


def test_it_sees_no_environment(monkeypatch):
    monkeypatch.setenv("SUPABASE_KEY", "x")
    assert run_code("import os", "assert 'SUPABASE_KEY' not in os.environ")


@pytest.mark.parametrize(
    "answer", ['{"id": true}', '{"id": "3"}', "no json", '["id"]', "{}", "[" * 9999]
)
def test_json_of_another_shape_fails(answer):
    assert not Json(type="json", keys={"id": "number"}).passes(answer)


def test_a_code_check_is_never_run_by_passes():
    with pytest.raises(NotImplementedError):
        Code(type="python", asserts="assert f()").passes("x")


def test_exact_is_the_whole_line():
    assert not Exact(type="exact", value="8437").passes("It is 8437, I think.")
