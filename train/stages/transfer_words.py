"""Stage 5's evaluation for a reader: a document in, a table a split layer and sentences out."""

from typing import Any

from train.eval.gates import interval

COLUMNS = ("codec", "bytes a token", "of the next", "KL", "top-1", "worst")
GAIN = "learned.kl.minus.start"
Document = dict[str, Any]


def shown(document: Document, codecs: list[str]) -> Document:
    """Return `title`, `names`, `tables` and `words` of a document."""
    title = f"{document['run_id']} on {document['pack']}, {document['positions']:,} positions"
    found = {m["name"]: m["value"] for m in document["measures"]}
    tables = [table(document, found, k, codecs) for k in document["layers"]]
    return {"title": title, "names": {}, "tables": tables, "words": words(document, found)}


def table(document: Document, found: dict[str, float], k: int, codecs: list[str]) -> Document:
    """Return a row a codec of one split layer."""
    rows = []
    for name in codecs:
        one = {
            what: found[f"layer.{k}.{name}.{what}"]
            for what in ("bytes", "step_bytes", "kl", "disagreement", "worst_disagreement")
        }
        prefix = f"layer.{k}.{name}.greedy_"
        greedy = [f"{found[f'{prefix}{n}']:.0%}" for n in document["lengths"]]
        top = [f"{1 - one[what]:.2%}" for what in ("disagreement", "worst_disagreement")]
        bytes_ = [f"{one[what]:,.0f}" for what in ("bytes", "step_bytes")]
        rows.append([name, *bytes_, f"{one['kl']:.2e}", *top, *greedy])
    columns = [*COLUMNS, *(f"{n} same" for n in document["lengths"])]
    return {
        "title": f"split at layer {k}, {document['split']} split",
        "columns": columns,
        "rows": rows,
    }


def words(document: Document, found: dict[str, float]) -> list[str]:
    """Return the result in sentences."""
    gates = {g["name"]: g for g in document["gates"]}
    said = []
    pair = [gates.get(f"learned.kl.minus.{other}") for other in ("int4", "pca")]
    if all(g and g["value"] is not None for g in pair):
        verdicts = {g["verdict"] for g in pair if g}
        against = ", ".join(
            f"{interval(g)} nats against {name}"
            for g, name in zip(pair, ("int4", "PCA"), strict=True)
            if g
        )
        said.append(f"{verdict_words(verdicts)} int4 and PCA at no more bytes ({against}).")
    if gain := next((m for m in document["measures"] if m["name"] == GAIN), None):
        said.append(gain_words(gain))
    if gates.get("control.kl.minus.int4", {}).get("verdict") == "failed":
        said.append("The scrambled pair beats int4 too: that gate shows nothing here.")
    if (ratio := found.get("time.packet.over.ids")) is not None:
        said.append(
            f"Taking a prompt's packet takes {ratio:.2f} of the time of computing it again from "
            "its token ids, at the slowest split; sending the ids alone costs 2 to 3 bytes a token."
        )
    said += [free_words(name, document) for name in ("int8", "learned")]
    failed = [g["name"] for g in document["gates"] if g["verdict"] == "failed"]
    unsure = [g["name"] for g in document["gates"] if g["verdict"] == "too_few"]
    if failed:
        said.append(f"Failed: {', '.join(failed)}.")
    if unsure:
        said.append(f"Too few to tell: {', '.join(unsure)}.")
    return said


def free_words(codec: str, document: Document) -> str:
    """Return how long a generation in two ends stays that of one, at each split layer."""
    found = {m["name"]: m for m in document["measures"]}
    lengths = document["lengths"]

    def shares(k: int) -> str:
        same = (found[f"layer.{k}.free.{codec}.greedy_{n}"]["value"] for n in lengths)
        return " and ".join(f"{value:.0%}" for value in same)

    each = ", ".join(f"{shares(k)} at {k}" for k in document["layers"])
    n = found[f"free.{codec}.greedy_{lengths[0]}"]["n"]
    return (
        f"Answered with real packets, {codec}: the first {' and '.join(map(str, lengths))} tokens "
        f"are those of one end alone in {each} (of {n} prompts)."
    )


def verdict_words(verdicts: set[str]) -> str:
    """Return what the two gates together say of the learned pair.

    >>> verdict_words({"passed"}), verdict_words({"passed", "too_few"})
    ('The learned pair beats', 'Too few prompts to tell whether the learned pair beats')
    """
    if verdicts == {"passed"}:
        return "The learned pair beats"
    if "failed" in verdicts:
        return "The learned pair is not needed: it does not beat"
    return "Too few prompts to tell whether the learned pair beats"


def gain_words(gain: Document) -> str:
    """Return what training through the upper layers added to the components it began at.

    >>> gain_words({"value": 0.0, "low": -1e-9, "high": 1e-9})
    'Training took no KL off the components it began at: +0.0e+00 [-1.0e-09, +1.0e-09] nats.'
    """
    numbers = f"{gain['value']:+.1e} [{gain['low']:+.1e}, {gain['high']:+.1e}] nats"
    word = "some" if gain["high"] < 0 else "no"
    return f"Training took {word} KL off the components it began at: {numbers}."
