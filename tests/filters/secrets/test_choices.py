"""What a person switches on and off, and what a wrong file says."""

import json

import pytest

TEXT = "mira.k@rosebed-tools.io at 81.44.91.72, nas.rosebed.lan, 192.168.7.21"


@pytest.fixture
def chosen(agp, home):
    """Return a function that redacts TEXT under a `secrets.toml`."""
    (home / ".agp").mkdir()

    def run(toml: str, exit_code: int = 0) -> str:
        (home / ".agp/secrets.toml").write_text(toml)
        done = agp("secrets", "redact", stdin=TEXT, exit_code=exit_code)
        return done.stdout or done.stderr

    return run


def test_what_is_on_unless_a_person_says_otherwise(chosen):
    assert chosen("") == "[EMAIL_1] at [IP_1], nas.rosebed.lan, 192.168.7.21"


def test_each_kind_has_its_switch(chosen):
    toml = "[personal]\nemail = false\nip = false\nhost = true\nprivate_ip = true"
    assert chosen(toml) == "mira.k@rosebed-tools.io at 81.44.91.72, [HOST_1], [PRIVATE_IP_1]"


def test_words_of_ones_own(chosen):
    assert "[EMAIL_1] at [IP_1], [LITERAL_1]" in chosen('literals = ["nas.rosebed.lan"]')


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[personal]\naws_key = false", "no kind of personal data is named aws_key"),
        ("[personal]\nemail = 3.5", "personal.email"),
        ('[personal]\nphone = "no"', "personal.phone must be true or false"),
        ("[personal]\nphone = 0", "personal.phone must be true or false"),
        ("email = true", "there is no key email"),
        ("[personal", "secrets.toml: "),
        ('literals = ["ab"]', "literals"),
    ],
)
def test_a_wrong_file_is_one_line(chosen, toml, says):
    shown = chosen(toml, exit_code=2)
    assert says in shown and shown.strip().count("\n") == 0


def test_one_kind_alone_works_whatever_is_switched_off(agp):
    done = agp("secrets", "redact", "--kind", "host", stdin=TEXT)
    assert done.stdout == "mira.k@rosebed-tools.io at 81.44.91.72, [HOST_1], 192.168.7.21"


def test_kinds_says_what_is_on(agp, home):
    (home / ".agp").mkdir()
    (home / ".agp/secrets.toml").write_text("[personal]\nhost = true\nphone = false")
    rows = {row["kind"]: row for row in json.loads(agp("secrets", "kinds", "--json").stdout)}
    assert rows["host"]["on"] and not rows["phone"]["on"] and not rows["private_ip"]["on"]
    assert rows["aws_key"]["on"] and not rows["aws_key"]["personal"]


def test_words_that_are_not_utf_8_are_not_passed_over(home, agp):
    (home / ".agp").mkdir(exist_ok=True)
    (home / ".agp" / "literals.txt").write_bytes("Anna\nMüller\n".encode("latin-1"))
    said = agp("secrets", "redact", exit_code=2).stderr
    assert "literals.txt is not UTF-8 (byte 6)" in said
