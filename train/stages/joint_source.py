"""All that a joint finetune learns from, read once: prompts, rows, labels, texts, settings."""

from collections.abc import Sequence

import numpy as np

from train.harness.capture import read_manifest
from train.harness.strata import spread
from train.stages import samples
from train.stages.examples import labelled
from train.stages.joint_data import Labels, taught
from train.stages.joint_parents import Parents
from train.stages.joint_parts import Parts
from train.stages.joint_settings import JointSettings
from train.stages.joint_texts import Texts
from train.stages.stage2 import HeadSettings
from train.stages.transfer_settings import TransferSettings


class JointSource:
    """Prompts of the capture, rows of the SFT build, and what each part was taught with.

    `heads` and `codec` are the settings of stages 2 and 5, None where the bundle has no such part.
    """

    heads: HeadSettings | None = None
    codec: TransferSettings | None = None
    texts: Texts | None = None

    def __init__(self, parents: Parents, parts: Parts, chosen: JointSettings) -> None:
        """Read everything; AgpError where something is no longer what it was."""
        self.facts, tokenizer = read_manifest(parents.capture), parts.tokenizer
        self.layers: list[int] = self.facts["layers"]
        self.train = taught(parents.capture, self.facts, tokenizer, "heads")
        valid = taught(parents.capture, self.facts, tokenizer, "valid")
        self.valid = spread(valid, lambda p: len(p.said.ids) // 64, chosen.valid_prompts)
        self.rows, _ = samples.read_split(parents.data, "heads", tokenizer, chosen.window)
        every, _ = samples.read_split(parents.data, "valid", tokenizer, chosen.window)
        self.valid_rows = within(every, chosen.valid_tokens)
        if "heads" in parts.roles:
            self.heads = HeadSettings.model_validate(parents.settings("heads"))
            self.labels = Labels(labelled(parents.capture), self.heads.balance)
        if "codec" in parts.roles:
            self.codec = TransferSettings.model_validate(parents.settings("codec"))
            self.splits: list[int] = parts.documents["codec"]["layers"]
        self.asked = bool(parents.facts.get("codec", {}).get("heads_run_id"))
        if "semantic" in parts.roles:
            self.texts = Texts(parents.facts["semantic"], parts.gemma, tokenizer)


def within(rows: Sequence[samples.Sample], tokens: int) -> list[samples.Sample]:
    """Return the first rows that together hold at most so many tokens, one at the least."""
    read = np.cumsum([len(x.ids) for x in rows])
    return list(rows[: max(1, int((read <= tokens).sum()))])
