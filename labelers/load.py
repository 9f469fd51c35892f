"""Folders of labeling functions to labelers that are ready to run, and what is wrong with others.

The bundled functions come first, the user's own in `$AGP_HOME/labelers` over them by id. A function
that cannot be used is left out with the reason in one line; the others go on.
"""

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import orjson
from pydantic import ValidationError

from labelers.columns import WORDS, turn_columns
from labelers.concept import concepts
from labelers.function import WINDOW, Switch, TextFunction, term_pattern
from labelers.python_function import REGISTRY, PythonFunction
from warehouse.errors import AgpError
from warehouse.expressions import Expression, ExpressionError, check
from warehouse.home import agp_home
from warehouse.tables import named, plain, read_tables


@dataclass(frozen=True)
class Labeler:
    """A labeling function, checked. Text functions have expressions, the others a Python call."""

    id: str
    version: str
    labels: tuple[str, ...]
    kind: str
    reads: frozenset[str]
    why: str
    path: Path
    confidence: float | None = None
    yes: Expression | None = None
    no: Expression | None = None
    text: TextFunction | None = None

    @property
    def keyword(self) -> bool:
        """Say whether it rests on words, so that masking them silences it."""
        return bool(self.reads & WORDS.keys())


@dataclass(frozen=True)
class Problem:
    """A function that is left out, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Loaded:
    """The labelers in force, in order, and those that cannot be used."""

    labelers: tuple[Labeler, ...]
    problems: tuple[Problem, ...]


def bundled() -> Path:
    """Return the folder of the functions that come with the program."""
    with as_file(files("labelers") / "functions") as folder:
        return folder


def own() -> Path:
    """Return the user's own folder; it need not exist."""
    return agp_home() / "labelers"


def load() -> Loaded:
    """Return the functions in force: the bundled ones, with the user's over them by id."""
    folders = (bundled(), own())
    known = tuple(concepts())
    stamps = tuple(
        (path, path.stat().st_mtime_ns)
        for folder in folders
        for path in sorted([*folder.glob("*.toml"), *folder.glob("*.py")])
    )
    return layered(folders, known, stamps)


@lru_cache(maxsize=4)
def layered(
    folders: tuple[Path, ...], known: tuple[str, ...], stamps: tuple[tuple[Path, int], ...]
) -> Loaded:
    """Return the functions of folders, a later one over an earlier one by id.

    `stamps` says what the files are, so that they are read again only when one changed.
    """
    found: dict[str, Labeler] = {}
    problems: list[Problem] = []
    for folder in folders:
        for one in read_folder(folder):
            if isinstance(one, Problem):
                problems.append(one)
            elif isinstance(one, Switch):
                switched = [n for n, f in found.items() if one.id in (n, f.text and f.text.id)]
                for name in switched:
                    del found[name]
            elif strange := [label for label in one.labels if label not in known]:
                if not one.path.is_relative_to(bundled()):
                    reason = f"there is no label {strange[0]}; `agp labels kernel` names them all"
                    problems.append(Problem(one.id, f"{one.path.name}: {one.id}: {reason}"))
            else:
                found[one.id] = one
    return Loaded(tuple(found.values()), tuple(problems))


def read_folder(folder: Path) -> Iterator[Labeler | Switch | Problem]:
    """Yield what the .toml and .py files of a folder hold, in order of file name."""
    for path in sorted([*folder.glob("*.toml"), *folder.glob("*.py")]):
        if path.suffix == ".py":
            yield from read_python(path)
            continue
        try:
            tables = read_tables(path, "function")
        except AgpError as error:
            yield Problem(path.name, error.message)
            continue
        for number, table in enumerate(tables, 1):
            yield from read_table(path, number, table)


def read_table(path: Path, number: int, table: object) -> list[Labeler | Switch | Problem]:
    """Return one [[function]] table as labelers, one a label."""
    name = named(path, "function", number, table)
    model = Switch if isinstance(table, dict) and "enabled" in table else TextFunction
    try:
        function = model.model_validate(table)
        return [function] if isinstance(function, Switch) else [*compiled(function, path)]
    except ValidationError as error:
        reason = f"{name}: {plain(error, 'function', TextFunction)}"
    except ExpressionError as error:
        reason = f"{name}: {error.reason}"
    given = table.get("id") if isinstance(table, dict) else None
    return [Problem(given if isinstance(given, str) else f"{path.name} number {number}", reason)]


def compiled(function: TextFunction, path: Path) -> list[Labeler]:
    """Return a text function with checked expressions; its version is the hash of both."""
    yes, no = side(function, function.yes), side(function, function.no)
    made = []
    for name, label in function.each().items():
        decides = [label, function.confidence, yes and yes.text, no and no.text]
        version = hashlib.blake2b(orjson.dumps(decides), digest_size=6).hexdigest()
        reads = frozenset().union(*(e.columns for e in (yes, no) if e))
        one = Labeler(name, version, (label,), function.kind, reads, function.why, path)
        made.append(replace(one, confidence=function.confidence, yes=yes, no=no, text=function))
    return made


def side(function: TextFunction, said: str | tuple[str, ...] | None) -> Expression | None:
    """Return one side of a function as a checked expression."""
    if said is None:
        return None
    text = said if function.kind == "sql" and isinstance(said, str) else matches(function, said)
    if function.kind == "lexicon" and said is function.yes and function.no:
        text = f"case when {matches(function, function.no)} then false else {text} end"
    if function.unless:
        check(function.unless, turn_columns())
        text = f"case when {function.unless} then false else {text} end"
    expression = check(text, turn_columns())
    if expression.rules:
        raise ExpressionError("rule('id') stands in rules only")
    return expression


def matches(function: TextFunction, said: str | tuple[str, ...]) -> str:
    """Return the expression that looks for words or a pattern."""
    pattern = said if isinstance(said, str) else term_pattern(said)
    quoted = pattern.replace("'", "''")
    return f"regexp_matches(left({function.on}, {WINDOW}), '{quoted}')"


def read_python(path: Path) -> Iterator[Labeler | Problem]:
    """Yield the functions that a Python file registers; it runs here, so it must be your own."""
    try:
        made = python_functions(path)
    except Exception as error:
        yield Problem(path.name, f"{path.name}: {type(error).__name__}: {first_line(error)}")
        return
    for function in made:
        strange = sorted(set(function.reads) - turn_columns().keys())
        if strange:
            reason = f"there is no column {strange[0]}; `agp labels columns` names them all"
            yield Problem(function.id, f"{path.name}: {function.id}: {reason}")
            continue
        reads = frozenset(function.reads)
        yield Labeler(
            function.id, function.version, function.labels, "python", reads, function.why, path
        )


def python_functions(path: Path) -> list[PythonFunction]:
    """Run a Python file and return the functions it registers."""
    spec = importlib.util.spec_from_file_location(f"labelers_own_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise AgpError(f"{path} cannot be read as Python")
    before = len(REGISTRY)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    made = REGISTRY[before:]
    del REGISTRY[before:]
    return made


def first_line(error: BaseException) -> str:
    """Return an error's first line, shortened."""
    return (str(error).splitlines() or [""])[0][:200]
