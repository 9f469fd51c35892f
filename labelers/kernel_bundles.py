"""The named concept bundles: kernel/bundles.toml and the user's own over it in, checked, out."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from labelers.concept import BUNDLES, all_concepts, bundled
from labelers.function import check_term
from labelers.nko import NkoName
from warehouse.errors import AgpError
from warehouse.home import agp_home
from warehouse.tables import named, plain, read_tables


class KernelBundle(BaseModel):
    """One named bundle: words, and the primitives one of which is likely in its members."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    name: str = Field(min_length=1)
    nko: NkoName | None = None
    primitives: tuple[str, ...] = Field(min_length=1)
    words: tuple[str, ...] = Field(min_length=1)
    definition: str = Field(min_length=1, max_length=400)
    examples: tuple[str, ...] = Field(min_length=1)
    counter_examples: tuple[str, ...] = Field(min_length=1)

    @field_validator("words")
    @classmethod
    def plain_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no single word in small letters: words are looked up, not searched."""
        for word in words:
            check_term(word)
            if word != word.lower() or len(word.split()) != 1:
                raise ValueError(f"a bundle's words are single and in small letters, not {word!r}")
        return words

    @field_validator("primitives")
    @classmethod
    def known(cls, primitives: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no primitive of the kernel."""
        concepts = all_concepts()
        for name in primitives:
            if name not in concepts or concepts[name].kind != "primitive":
                raise ValueError(f"there is no primitive {name}; `agp labels kernel` names them")
        return primitives


def kernel_files() -> list[Path]:
    """Return the bundled file, and the user's own where there is one."""
    own = agp_home() / "kernel" / BUNDLES
    return [bundled() / BUNDLES, *([own] if own.exists() else [])]


def kernel_bundles() -> list[KernelBundle]:
    """Return the named bundles in force, the user's over the bundled ones by id."""
    found = {one.id: one for path in kernel_files() for one in read(path)}
    return list(found.values())


def read(path: Path) -> Iterator[KernelBundle]:
    """Yield the [[bundle]] tables of a file."""
    for number, table in enumerate(read_tables(path, "bundle"), 1):
        try:
            yield KernelBundle.model_validate(table)
        except ValidationError as error:
            said = plain(error, "bundle", KernelBundle)
            raise AgpError(f"{named(path, 'bundle', number, table)}: {said}") from None
