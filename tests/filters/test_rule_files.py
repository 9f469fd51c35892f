"""Rule files that cannot be read: one line with file, rule and what to do."""

import pytest

from filters.compile import named_set, rule_set
from warehouse.errors import AgpError


@pytest.mark.parametrize(
    ("where", "keys", "message"),
    [
        ("promt_chars < 3", {}, "mine.toml: rule r: there is no column promt_chars; .* prompt_ch"),
        ("read_csv('x') = 1", {}, "rule r: the function read_csv is not part"),
        ("true", {"onn": "exchange"}, "rule r: there is no key onn; a rule has id, why"),
        ("true", {"action": "strip"}, "rule r: an exchange rule's action is one of drop, keep"),
        ("true", {"action": "weight"}, "rule r: `weight` stands with"),
        ("true", {"lanes": ["sfd"]}, "rule r: lanes, entry 1, must be 'sft', "),
        ("true", {"priority": 10_000}, "rule r: priority must be at most 1000"),
        ("true", {"hit": []}, "mine.toml: rule r: hit needs at least one entry$"),
        ("rule('s')", {}, "rule r: there is no rule s"),
        ("rule('r')", {}, "name each other in a ring: r → r"),
        ("author = 'x' and", {}, "rule r: it ends too early"),
    ],
)
def test_a_bad_rule_is_named_in_one_line(folder, rule, where, keys, message):
    with pytest.raises(AgpError, match=message) as caught:
        rule_set(folder(rule("r", where, **keys)))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_toml_says_where(folder):
    with pytest.raises(AgpError, match=r"mine.toml: .*line 2"):
        rule_set(folder("[[rule]]\nid = \n"))


def test_two_rules_of_one_id_in_a_folder_are_refused(folder, rule):
    folder(rule("r", "true"), "a.toml")
    with pytest.raises(AgpError, match=r"b.toml: rule r stands in a.toml already"):
        rule_set(folder(rule("r", "false"), "b.toml"))


def test_your_own_rule_overrides_one_of_its_id_and_may_switch_one_off(home, rule, folder):
    mine = rule("heartbeat", "interrupted") + '[[rule]]\nid = "bare-path"\nenabled = false\n'
    (home / ".agp" / "rules").mkdir(parents=True)
    (home / ".agp" / "rules" / "mine.toml").write_text(mine)
    ids = {c.rule.id: c.expression.text for c in named_set("mine").rules}
    assert (ids["heartbeat"], ids["bare-path"]) == ("interrupted", "false")


def test_a_rule_that_is_switched_off_says_nothing_else(folder):
    text = '[[rule]]\nid = "bare-path"\nenabled = false\nwhy = "no"\n'
    with pytest.raises(AgpError, match="no key why; a rule that is switched off has id, enabled"):
        rule_set(folder(text))


def test_rules_that_name_others_are_folded_in_and_rings_are_refused(folder, rule):
    text = rule("a", "rule('b') and not rule('c')") + rule("b", "prompt_chars > 1")
    rules = rule_set(folder(text + rule("c", "interrupted")))
    assert rules.exchange[0].expression.text == (
        "(COALESCE((prompt_chars > 1), false) AND (NOT COALESCE(interrupted, false)))"
    )
    with pytest.raises(AgpError, match="ring: a → b → c → a"):
        rule_set(folder(rule("a", "rule('b')") + rule("b", "rule('c')") + rule("c", "rule('a')")))


def test_the_set_is_known_by_what_it_decides_not_by_how_it_is_written(folder, rule):
    one = rule_set(folder(rule("r", "prompt_chars<3 and interrupted"), into="one"))
    two = rule_set(
        folder(rule("r", "((prompt_chars < 3)) AND interrupted", why="else"), into="two")
    )
    three = rule_set(folder(rule("r", "prompt_chars < 4 and interrupted"), into="three"))
    assert one.id == two.id != three.id
