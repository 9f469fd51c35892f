"""Stage 1's evaluation in words: a document in, sentences out."""

from typing import Any

from train.eval.gates import interval

NAMES = {
    "cross_entropy.untuned": "untuned base",
    "cross_entropy.tuned": "with the adapter",
    "cross_entropy.n-gram": "3-grams of the training rows",
    "cross_entropy.subset": "adapter of a random subset",
    "cross_entropy.control": "scrambled adapter (control)",
    "cross_entropy": "adapter − base",
    "cross_entropy.minus.n-gram": "adapter − 3-grams",
    "cross_entropy.minus.subset": "adapter − random subset",
    "control": "adapter − scrambled",
    "control.minus.untuned": "scrambled − base",
    "general_text": "general text, relative change",
}


def words(document: dict[str, Any]) -> list[str]:
    """Return the result in sentences: what was won, what was lost, what cannot be told."""
    by_name = {g["name"]: g for g in document["gates"]}
    said = []
    if (gate := by_name.get("cross_entropy")) and gate["value"] is not None:
        beaten = {
            "passed": "The adapter beats its base",
            "failed": "The adapter does not beat its base",
            "too_few": "Too few prompts to tell whether the adapter beats its base",
        }[gate["verdict"]]
        said.append(f"{beaten}: {interval(gate)} nats a token, {gate['n']} prompts.")
    if "subset" in (spent := document["trained_tokens"]):
        said.append(
            f"Supervised tokens trained: {spent['tuned']:,}; random subset {spent['subset']:,}."
        )
    failed = [g["name"] for g in document["gates"] if g["verdict"] == "failed"]
    unsure = [g["name"] for g in document["gates"] if g["verdict"] == "too_few"]
    if failed:
        said.append(f"Failed: {', '.join(failed)}.")
    scrambled = next(
        (m for m in document["measures"] if m["name"] == "control.minus.untuned"), None
    )
    if scrambled and scrambled["high"] < 0:
        said.append(
            f"The same numbers in random places help this base too ({interval(scrambled)}): "
            "the gate that counts is `control`."
        )
    said += layers_moved(document)
    if unsure:
        said.append(f"Too few to tell: {', '.join(unsure)}.")
    if opened := document["openings"]:
        said.append(
            f"The test split was opened {opened['of_run']} × for this run, "
            f"{opened['of_pack']} × in all."
        )
        if opened["under_other_gates"]:
            said.append("It had been opened for this run under other gates before.")
    return said


def layers_moved(document: dict[str, Any]) -> list[str]:
    """Return how far the layers moved from the base."""
    moved = [m["value"] for m in document["measures"] if m["name"].startswith("cka.")]
    if not moved:
        return []
    least = min(range(len(moved)), key=lambda i: moved[i])
    return [
        f"Layers: CKA to the base {moved[-1]:.3f} at the end, least {moved[least]:.3f} "
        f"before layer {least}."
    ]
