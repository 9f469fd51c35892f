"""TOML files that hold a list of tables (rules, labeling functions); errors in one line."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ValidationError

from warehouse.complaints import complaint
from warehouse.errors import AgpError

MAX_FILE_BYTES = 1_000_000


def read_tables(path: Path, key: str) -> list[object]:
    """Return the [[key]] tables of a file, which may hold nothing else."""
    try:
        if not path.is_file():  # a pipe or a device would be read for ever
            raise AgpError(f"{path}: it is no file")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise AgpError(f"{path}: a {key} file has at most {MAX_FILE_BYTES:,} bytes")
        document = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise AgpError(f"{path}: {error if str(error) else type(error).__name__}") from None
    strange = sorted(document.keys() - {key})
    tables = document.get(key, [])
    if strange or not isinstance(tables, list):
        begins = f"a {key} begins with [[{key}]]"
        raise AgpError(f"{path}: {begins}; found {strange or 'something else'}")
    return tables


def named(path: Path, key: str, number: int, table: object) -> str:
    """Return how an error names a table: its file, and its id or its place there."""
    name = table.get("id") if isinstance(table, dict) else None
    return f"{path}: {key} {name if isinstance(name, str) else f'number {number}'}"


def plain(error: ValidationError, key: str, model: type[BaseModel]) -> str:
    """Return the first complaint of a validation in one line, without the value it is about."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"there is no key {where}; a {key} has {', '.join(model.model_fields)}"
    return f"the key {where} is missing" if first["type"] == "missing" else complaint(error)
