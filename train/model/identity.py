"""What a part was trained on: digests of backbone, adapter and tokenizer; others are refused."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from warehouse.errors import AgpError


@dataclass(frozen=True)
class Identity:
    """The model whose states a part reads; an adapter of None is the base model."""

    model_digest: str
    adapter_digest: str | None
    tokenizer_digest: str
    layers: tuple[int, ...]  # candidate boundaries
    n_layers: int
    width: int  # of a state

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Identity":
        """Return it from a document that holds its fields among others."""
        values: dict[str, Any] = {f.name: facts[f.name] for f in fields(cls)}
        values["layers"] = tuple(values["layers"])
        return cls(**values)

    def document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self) | {"layers": list(self.layers)}


NAMES = {
    "model_digest": "backbone",
    "adapter_digest": "adapter",
    "tokenizer_digest": "tokenizer",
    "layers": "candidate layers",
    "n_layers": "depth",
    "width": "width",
}


def refuse_foreign(what: str, trained: Identity, given: Identity) -> None:
    """Raise AgpError unless a part meets the model it was trained on; it names one difference.

    >>> one = Identity("m1", None, "t1", (2, 4), 8, 96)
    >>> refuse_foreign("heads", one, one)
    """
    for name, word in NAMES.items():
        wanted, found = getattr(trained, name), getattr(given, name)
        if wanted != found:
            raise AgpError(
                f"{what} belongs to {word} {shown(wanted)}, not to {shown(found)}; "
                "train it on a capture of this model, or give the model it was trained on"
            )


def shown(value: Any) -> str:
    """Return a digest, layers or a number as the refusal says it."""
    if value is None:
        return "none (the base model)"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
