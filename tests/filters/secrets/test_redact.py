"""What a person sees of redaction: placeholders, stable and final; clean text untouched."""

import json
import time

from filters.secrets import Redactor, scan, scan_files
from filters.secrets import redact as module


def test_same_secret_same_placeholder(grow):
    key = grow("AKIA{A-Z2-7*16}", 1)
    redactor = Redactor(b"s")
    assert redactor.text(f"{key} and {key}") == "[AWS_KEY_1] and [AWS_KEY_1]"
    assert redactor.text(f'{{"k": "\\n{key}"}}') == '{"k": "\\n[AWS_KEY_1]"}'
    assert redactor.text(f"it is {key[:9]}\n  {key[9:]} here") == "it is [AWS_KEY_1] here"


def test_a_clean_text_is_looked_through_once(grow, monkeypatch):
    """A row is redacted when its texts are joined; those that did not change were looked at."""
    looked, scan = [], module.byte_spans

    def noting(texts, look):
        looked.extend(texts)
        return scan(texts, look)

    monkeypatch.setattr(module, "byte_spans", noting)
    redactor, clean = Redactor(b"s"), "roses " * 100
    secret = f"{clean} {grow('ghp_{A-Za-z0-9*36}', 1)}"
    once = redactor.texts([clean, secret])
    looked.clear()
    assert redactor.texts([*once, clean]) == [*once, clean] and looked == []
    assert redactor.texts([secret])[0] == once[1] and looked


def test_value_walks_strings_and_keys(grow):
    mail = grow("{a-z*8}@{a-z*9}.org", 1)
    value = {mail: [1, None, {"to": mail}], "n": 2.5, "t": True}
    assert Redactor(b"s").value(value) == {
        "[EMAIL_1]": [1, None, {"to": "[EMAIL_1]"}],
        "n": 2.5,
        "t": True,
    }


def test_clean_text_is_the_same_object():
    text = "Ünïcode, NUL \0, half \ud83d and nothing else"
    assert Redactor(b"s").text(text) is text


def test_key_behind_nul_surrogate_and_allow_marker(grow):
    key = grow("ghp_{A-Za-z0-9*36}", 3)
    for text in (f"a\0 {key}", f"\ud83d {key}", f"token {key} # gitleaks:allow"):
        assert key not in Redactor(b"s").text(text)


def test_batch_equals_one_by_one(grow):
    texts = [grow(t, 5) for t in ("clean", "AKIA{A-Z2-7*16}", "x", "password={A-Za-z0-9*14}")]
    assert Redactor(b"s").texts(texts) == [*map(Redactor(b"s").text, texts)]


def test_kinds_and_literals():
    redactor = Redactor(b"s", kinds=frozenset({"literal"}), literals=["Project Heron"])
    assert redactor.text("Project Heron by bob.k@hollis-tools.com") == (
        "[LITERAL_1] by bob.k@hollis-tools.com"
    )


def test_findings_have_character_offsets():
    text = "ééé bob.k@hollis-tools.com"
    [finding] = scan(text)
    assert text[finding.start : finding.end] == "bob.k@hollis-tools.com"


def test_scan_files_names_the_place_and_not_the_secret(tmp_path, grow):
    key = grow("ghp_{A-Za-z0-9*36}", 3)
    path = tmp_path / "train.jsonl"
    path.write_text("{}\n" + json.dumps({"messages": [{"content": f"use {key}"}]}) + "\n")
    [finding] = scan_files([tmp_path])
    assert (finding.row, finding.pointer, finding.kind) == (2, "/messages/0/content", "github_pat")
    assert key not in str(finding)


def test_a_password_before_a_host_is_no_mail_address(grow):
    text = grow("smtp://mailer:{A-Za-z0-9*12}@mail.{a-z*8}.de/x", 1)
    host = text.partition("@")[2]
    assert Redactor(b"s").text(text) == f"smtp://mailer:[PASSWORD_1]@{host}"


def test_hostile_repetition_takes_no_time():
    start = time.process_time()
    for text in ("-----BEGIN PRIVATE KEY-----\n", "a@", "cookie: a=b; ", "://a:b", "\\users\\"):
        scan(text * (100_000 // len(text)))
    assert time.process_time() - start < 10
