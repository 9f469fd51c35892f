"""Folders of rule files to a list of rules: the bundled ones, then the user's own over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from pydantic import ValidationError

from filters.rule import Rule, Switch
from warehouse.errors import AgpError
from warehouse.home import agp_home
from warehouse.tables import named, plain, read_tables

MOST = 1_000  # rules of a set: each is bound and timed on its own before all run together


@dataclass(frozen=True)
class Placed:
    """A rule and the file it stands in."""

    rule: Rule
    path: Path


def bundled() -> Path:
    """Return the folder of the rules that come with the program."""
    with as_file(files("filters") / "rules") as folder:
        return folder


def own() -> Path:
    """Return the user's own folder; it need not exist."""
    return agp_home() / "rules"


def load(folder: Path | None = None) -> list[Placed]:
    """Return the rules in force: of one folder, or the bundled ones with the user's over them."""
    if folder is not None:
        if not folder.is_dir():
            raise AgpError(f"there is no folder {folder}; --rules takes a folder of .toml files")
        if not (found := layered([folder])):
            raise AgpError(f"{folder} holds no rule; --rules takes a folder of .toml files")
        return found
    return layered([bundled(), own()])


def layered(folders: Iterable[Path]) -> list[Placed]:
    """Return rules in order of folder, file name and place; a later folder overrides by id."""
    rules: dict[str, Placed] = {}
    for folder in folders:
        here: dict[str, Path] = {}
        for path in sorted(folder.glob("*.toml")):
            for rule in read(path):
                if rule.id in here:
                    raise AgpError(f"{path}: rule {rule.id} stands in {here[rule.id].name} already")
                here[rule.id] = path
                if isinstance(rule, Rule):
                    rules[rule.id] = Placed(rule, path)
                elif rule.id in rules:
                    rules[rule.id] = Placed(switched_off(rules[rule.id].rule), path)
                else:
                    raise AgpError(f"{path}: there is no rule {rule.id} to switch off")
    if len(rules) > MOST:
        raise AgpError(f"there are {len(rules):,} rules; a rule set has at most {MOST:,}")
    return list(rules.values())


def switched_off(rule: Rule) -> Rule:
    """Return a rule that never hits; others may still name it."""
    update = {"where": "false", "hit": (), "miss": (), "why": f"Switched off. {rule.why}"}
    return rule.model_copy(update=update)


def read(path: Path) -> list[Rule | Switch]:
    """Return the rules of one file; an error names the file, the rule and the key."""
    return [parse(path, i, table) for i, table in enumerate(read_tables(path, "rule"), 1)]


def parse(path: Path, number: int, table: object) -> Rule | Switch:
    """Return one [[rule]] table as a rule."""
    model = Switch if isinstance(table, dict) and "enabled" in table else Rule
    try:
        return model.model_validate(table)
    except ValidationError as error:
        label = named(path, "rule", number, table)
        kind = "rule" if model is Rule else "rule that is switched off"
        raise AgpError(f"{label}: {plain(error, kind, model)}") from None
