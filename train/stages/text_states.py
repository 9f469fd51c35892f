"""States of a semantic build's texts, captured once: a build and a model in, arrays out.

A folder under `$AGP_HOME/captures` is named by the hash of all that its states depend on, and holds
shards by split and way of writing. What is there is read; the backbone runs for what is missing, so
no epoch, seed or baseline runs it, and the test split is not captured before it is asked for.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import mlx.core as mx
import numpy as np

from labelers.keywords import without_keywords
from labelers.load import load as load_labelers
from labelers.masking import patterns
from train.harness.chat import template
from train.harness.labelled_texts import LabelledTexts, read_texts
from train.harness.paraphrase import FILE as PARAPHRASES
from train.harness.paraphrase import paraphrases
from train.harness.shards import finished_shard, read_shard, write_shard
from train.model.digest import file_sha256, model_digest, tokenizer_digest, weights_digest
from train.model.gemma import Gemma
from train.model.identity import Identity
from train.model.load import load, model_folder
from train.stages import runs
from train.stages.runs import captures_folder
from warehouse.errors import AgpError

Written = Literal["plain", "masked", "near", "far"]
POOLS = ("last", "mean")
AT_ONCE = 64  # texts of a shard


class TextStates:
    """States of a build's texts at one layer of a model, with or without an adapter."""

    def __init__(
        self, model: str, adapter: Path | None, data: Path, layer: int, window: int, before: int
    ) -> None:
        """Say what is wanted; nothing runs yet. `adapter` is a run of stage 1; layer 0 chooses."""
        self.model, self.adapter, self.data = model, adapter, data
        self.folder = model_folder(model)
        sizes = text_config(self.folder)
        self.layer, self.window, self.before = layer or boundary(sizes), window, before
        if not 0 < self.layer <= sizes["num_hidden_layers"]:
            raise AgpError(
                f"layer={layer}: this model has boundaries 1 to {sizes['num_hidden_layers']}"
            )
        weights = adapter / "best" / "adapters.safetensors" if adapter else None
        self.identity = Identity(
            model_digest(self.folder),
            weights_digest(weights) if weights else None,
            tokenizer_digest(self.folder),
            (self.layer,),
            sizes["num_hidden_layers"],
            sizes["hidden_size"],
        )
        self.texts: dict[str, LabelledTexts] = {}

    def read(self, split: str) -> LabelledTexts:
        """Return the texts of a split with their labels."""
        if split not in self.texts:
            self.texts[split] = read_texts(self.data, split)
        return self.texts[split]

    def written(self, split: str, way: Written) -> list[str]:
        """Return the texts of a split in a way of writing; empty where one has no paraphrase."""
        texts = self.read(split).with_before(self.before)
        if way == "plain":
            return texts
        labelers = load_labelers().labelers
        if way == "masked":
            return without_keywords(texts, labelers)
        return [text or "" for text in paraphrases(texts, way, labelers)]

    def states(self, split: str, pool: str, way: Written = "plain") -> np.ndarray:
        """Return [n x d] float32: a row a text; NaN where the text has no paraphrase.

        `last` is the state that would predict the answer's first token, `mean` that of all tokens.
        """
        texts = self.written(split, way)
        folder = captures_folder() / self.name(split, way, texts)
        folder.mkdir(parents=True, exist_ok=True)
        parts = []
        with runs.held(folder):
            for number, start in enumerate(range(0, len(texts), AT_ONCE)):
                note = finished_shard(folder, number)
                if note is None:
                    arrays = self.capture(texts[start : start + AT_ONCE])
                    note = write_shard(folder, number, arrays, {"rows": len(arrays["last"])})
                parts.append(np.array(read_shard(folder, note)[pool].astype(mx.float32)))
        return np.concatenate(parts)

    def name(self, split: str, way: Written, texts: Sequence[str]) -> str:
        """Return the folder's name: a hash of everything that a bit of the states depends on."""
        facts = self.identity.document() | {"window": self.window, "split": split, "way": way}
        facts["texts"] = hashlib.sha256("\0".join(texts).encode()).hexdigest()
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return f"t{digest[:15]}"

    def capture(self, texts: Sequence[str]) -> dict[str, mx.array]:
        """Return `last` and `mean` [n x d] of texts, each a turn of a user under the template."""
        gemma, tokenizer = self.loaded
        rows: dict[str, list[mx.array]] = {pool: [] for pool in POOLS}
        for text in texts:
            asked = [{"role": "user", "content": text}]
            ids = template(tokenizer, asked, prompt=True)[-self.window :]
            states, _ = gemma.capture(mx.array([ids]), [self.layer])
            h = states[self.layer][0].astype(mx.float32)  # [s x d]
            gone = mx.array(np.nan if not text else 0.0)
            found = {"last": h[-1] + gone, "mean": h.mean(axis=0) + gone}
            for pool, row in found.items():
                rows[pool].append(row)
            mx.eval(list(found.values()))
        return {pool: mx.stack(found) for pool, found in rows.items()}

    @cached_property
    def loaded(self) -> tuple[Gemma, Any]:
        """Return the model, loaded when the first text needs it."""
        model, tokenizer = load(self.model, self.adapter / "best" if self.adapter else None)
        return Gemma(model), tokenizer

    def made_of(self) -> dict[str, Any]:
        """Return digests of what labels and ways of writing come from."""
        files = sorted(self.data.glob("*.jsonl"))
        looked_for = "\n".join(patterns(load_labelers().labelers))
        return {
            "data_digests": {file.name: file_sha256(file) for file in files},
            "keywords_digest": hashlib.sha256(looked_for.encode()).hexdigest()[:16],
            "paraphrases_digest": file_sha256(PARAPHRASES)[:16],
        }


def text_config(folder: Path) -> dict[str, Any]:
    """Return the sizes of a model's text part from its config.json."""
    found = runs.read_json(folder / "config.json")
    return found.get("text_config", found)


def boundary(sizes: dict[str, Any]) -> int:
    """Return the first layer that shares keys and values, or two thirds of the depth.

    >>> boundary({"num_hidden_layers": 8, "num_kv_shared_layers": 4})
    4
    """
    depth, shared = sizes["num_hidden_layers"], sizes.get("num_kv_shared_layers") or 0
    return depth - shared if shared else max(1, 2 * depth // 3)
