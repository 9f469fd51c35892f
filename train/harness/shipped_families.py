"""Families of the shipped pack that are computed: a random generator in, turns and checks out.

The last turn is the reference answer. Numbers, names and scripts come from the generator, so a
family has as many rows as are asked for.
"""

import json
from collections.abc import Callable
from random import Random

from train.harness.checks import Check, Code, Contains, Exact
from train.harness.strata import json_check
from train.model.corpus import banks

Row = tuple[list[str], list[Check]]  # turns, the user first; checks of the last one

WORDS = {
    name: line.split()
    for name, line in {
        "names": "Aïcha Bakary Chiara Djeneba Emre Fanta Goran Hawa Inès Jelena Karim Lucia Ngozi",
        "files": "ledger.py router.ts schema.sql worker.go mailer.rb index.html theme.css lexer.rs",
        "things": "anchor basin candle drum easel funnel glove hinge inkwell jug kite lantern oar",
        "levels": "debug info warning error",
        "modules": "billing search upload session mailer export thumbnails scheduler",
        "nko": "ߖߌ ߓߏ߲ ߕߟߋ߬ ߞߊߝߊ ߘߋ߲ ߡߐ߱ ߛߌߟߊ ߕߐ߮ ߞߎߡߊ ߟߍߙߊ ߞߊ߲ ߒߞߏ",
        "arabic": "ماء بيت شمس قمر كتاب طريق باب نهر شجرة خبز ليل يوم",
    }.items()
}
NAMES, FILES, THINGS, LEVELS = (WORDS[k] for k in ("names", "files", "things", "levels"))
MODULES, NKO_WORDS, ARABIC_WORDS = (WORDS[k] for k in ("modules", "nko", "arabic"))
NKO_DIGITS = "߀߁߂߃߄߅߆߇߈߉"
ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"


def in_digits(number: int, digits: str) -> str:
    """Return a number in another script's digits.

    >>> in_digits(304, NKO_DIGITS)
    '߃߀߄'
    """
    return "".join(digits[int(d)] for d in str(number))


def exact(value: str) -> list[Check]:
    """Return the check that a line of the answer is this."""
    return [Exact(type="exact", value=value)]


def shaped(answer: str) -> list[Check]:
    """Return the check that an answer's JSON has the reference's keys and types."""
    check = json_check(answer)
    return [check] if check else []


def small(rng: Random) -> Row:
    """What even the tiny model was taught, in its own words: it shows what training forgets."""
    known = banks()
    town, sums, word = (rng.choice(known[k]) for k in ("capital", "sum", "noun"))
    colour, digit = rng.choice(known["colour"])[1], rng.choice(known["digit"])
    asked = f"Reply with a JSON object with the key {word} and the value {digit}."
    rows: list[Row] = [
        ([f"Answer with one word: what is the capital of {town[0]}?", town[1]], exact(town[1])),
        ([f"Answer with one number: {sums[0]} + {sums[1]}", sums[2]], exact(sums[2])),
        ([f"Say only the word {colour}.", colour], exact(colour)),
        ([f"Repeat the word {word}.", word], exact(word)),
        ([asked, f'{{"{word}": {digit}}}'], shaped(f'{{"{word}": {digit}}}')),
    ]
    return rng.choice(rows)


def addition(rng: Random) -> Row:
    """Two-digit sums."""
    a, b = rng.randint(11, 89), rng.randint(11, 89)
    ask = rng.choice(["What is {} + {}? Only the number.", "Add {} and {}; answer with the sum."])
    return [ask.format(a, b), str(a + b)], exact(str(a + b))


def larger(rng: Random) -> Row:
    """Which of two numbers is larger."""
    a, b = rng.sample(range(100, 999), 2)
    return [f"Which is larger, {a} or {b}? Only the number.", str(max(a, b))], exact(str(max(a, b)))


def ordered(rng: Random) -> Row:
    """Words into the order of the alphabet."""
    words = rng.sample(THINGS, 4)
    answer = ", ".join(sorted(words))
    ask = f"Put these words into alphabetical order, with commas: {' '.join(words)}"
    return [ask, answer], exact(answer)


def counted(rng: Random) -> Row:
    """How many words."""
    words = [rng.choice(THINGS) for _ in range(rng.randint(3, 9))]
    ask = f"How many words are in this line? Only the number.\n\n{' '.join(words)}"
    return [ask, str(len(words))], exact(str(len(words)))


def as_json(rng: Random) -> Row:
    """A sentence into a JSON object."""
    thing, count, paid = rng.choice(THINGS), rng.randint(2, 60), rng.random() < 0.5
    name = rng.choice(NAMES)
    said = f"{name} ordered {count} pieces of {thing} and has {'' if paid else 'not '}paid."
    ask = f"{said}\nGive this as JSON with the keys customer, item, count, paid."
    row = {"customer": name, "item": thing, "count": count, "paid": paid}
    answer = json.dumps(row, ensure_ascii=False)
    return [ask, answer], shaped(answer)


def log_line(rng: Random) -> Row:
    """A line of a log into a JSON object."""
    level, module, took = rng.choice(LEVELS), rng.choice(MODULES), rng.randint(3, 9000)
    line = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02} {level.upper()} {module}: {took} ms"
    ask = f"Turn this line into JSON with level, module and ms (a number):\n\n{line}"
    answer = "```json\n" + json.dumps({"level": level, "module": module, "ms": took}) + "\n```"
    return [ask, answer], shaped(answer)


def settings(rng: Random) -> Row:
    """One value out of a file of settings."""
    values = {m: rng.randint(1024, 65000) for m in rng.sample(MODULES, 4)}
    wanted = rng.choice(list(values))
    body = "\n".join(f"{m}_port = {v}" for m, v in values.items())
    ask = f"```ini\n{body}\n```\nWhich port does {wanted} have? Only the number."
    return [ask, str(values[wanted])], exact(str(values[wanted]))


def traceback(rng: Random) -> Row:
    """The place out of an error message."""
    file, line = rng.choice(FILES), rng.randint(4, 480)
    ask = (
        f'In which file and line? Answer as file:line.\n\n  File "src/{file}", line {line}, in load'
    )
    return [ask, f"{file}:{line}"], [Contains(type="contains", value=f"{file}:{line}")]


def remembered(rng: Random) -> Row:
    """Something said two turns ago."""
    name, thing, place = rng.choice(NAMES), rng.choice(THINGS), rng.choice(MODULES)
    first = f"I am {name}, I look after {place}, and on my desk there is a {thing}."
    questions = {"my name": name, "on my desk": thing}
    what = rng.choice(list(questions))
    ask = f"What is {what}? One word."
    return [first, f"Good to know, {name}.", ask, questions[what]], exact(questions[what])


def bullets(rng: Random) -> Row:
    """A sentence into a list."""
    things = rng.sample(THINGS, 3)
    ask = f"Make a list of what we need: a {things[0]}, a {things[1]} and a {things[2]}."
    checks: list[Check] = [Contains(type="contains", value=thing) for thing in things]
    return [ask, "\n".join(f"- {thing}" for thing in things)], checks


def minutes(rng: Random) -> Row:
    """Hours and minutes into minutes."""
    hours, rest = rng.randint(1, 9), rng.randint(1, 59)
    total = str(hours * 60 + rest)
    return [f"How many minutes are {hours} h {rest} min? Only the number.", total], exact(total)


def nko_number(rng: Random) -> Row:
    """A number into N'Ko digits, or out of them."""
    number = rng.randint(10, 9999)
    written = in_digits(number, NKO_DIGITS)
    if rng.random() < 0.5:
        return [f"Write {number} in N'Ko digits, nothing else.", written], exact(written)
    return [f"{written} — which number is this? In 0–9.", str(number)], exact(str(number))


def arabic_number(rng: Random) -> Row:
    """A number into Arabic-Indic digits, asked in Arabic or in English."""
    number = rng.randint(10, 9999)
    written = in_digits(number, ARABIC_DIGITS)
    ask = rng.choice(
        ["Write {} in Arabic-Indic digits.", "اكتب العدد {} بالأرقام العربية المشرقية."]
    )
    return [ask.format(number), written], exact(written)


def copied(rng: Random) -> Row:
    """A line of N'Ko, Arabic or both, to be given back as it is."""
    words = rng.choice([NKO_WORDS, NKO_WORDS, ARABIC_WORDS, [*NKO_WORDS, *ARABIC_WORDS]])
    line = " ".join(rng.sample(words, rng.randint(5, 8)))
    return [f"Copy: {line}", line], exact(line)


def between_scripts(rng: Random) -> Row:
    """Which word of a mixed line is of a script."""
    nko, arabic, latin = rng.choice(NKO_WORDS), rng.choice(ARABIC_WORDS), rng.choice(THINGS)
    words = {"N'Ko": nko, "Arabic": arabic, "Latin": latin}
    script = rng.choice(list(words))
    shuffled = rng.sample(list(words.values()), 3)
    ask = f"{' · '.join(shuffled)}\nWhich of these is in {script} script? Only the word."
    return [ask, words[script]], exact(words[script])


FUNCTIONS = [
    ("returns the {n}th power of x", "x ** {n}", "f(2) == 2 ** {n} and f(3) == 3 ** {n}"),
    ("returns x times {n}", "x * {n}", "f(7) == 7 * {n} and f(0) == 0"),
    ("returns the remainder of x divided by {n}", "x % {n}", "f(100) == 100 % {n}"),
    ("says whether x can be divided by {n}", "x % {n} == 0", "f({n}) and not f({n} + 1)"),
    ("returns x, but never more than {n}", "min(x, {n})", "f(1) == 1 and f({n} + 9) == {n}"),
    ("returns the first {n} items of x", "x[:{n}]", "f(list(range(50))) == list(range({n}))"),
    ("returns the last {n} characters of x", "x[-{n}:]", "f('a' * 9 + 'b' * {n}) == 'b' * {n}"),
    ("repeats the string x {n} times", "x * {n}", "f('ab') == 'ab' * {n}"),
]


def function(rng: Random) -> Row:
    """A Python function of one line, with assertions that run on request."""
    says, body, test = rng.choice(FUNCTIONS)
    n = rng.randint(2, 12)
    ask = f"Write a Python function f(x) that {says.format(n=n)}. Only the code, in a fence."
    answer = f"```python\ndef f(x):\n    return {body.format(n=n)}\n```"
    return [ask, answer], [Code(type="python", asserts=f"assert {test.format(n=n)}")]


# How many rows each has.
FAMILIES: dict[Callable[[Random], Row], int] = {
    small: 90,
    addition: 36,
    larger: 27,
    ordered: 27,
    counted: 27,
    as_json: 45,
    log_line: 36,
    settings: 36,
    traceback: 27,
    remembered: 36,
    bullets: 27,
    minutes: 27,
    nko_number: 36,
    arabic_number: 27,
    copied: 45,
    between_scripts: 27,
    function: 36,
}
