"""One side of an ablation: runs on a dataset, of as many steps as make their tokens equal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


class Arm:
    """One side: a dataset that runs are trained on, with as many steps as are asked for."""

    def __init__(self, model: str, data: Path, changes: tuple[str, ...]) -> None:
        """Read the rows once, to know what each step would learn."""
        from train.model.load import load as load_model
        from train.stages.samples import read_split
        from train.stages.stage1 import chosen_settings

        self.model, self.data, self.changes = model, data, changes
        self.settings = chosen_settings(changes)
        _, tokenizer = load_model(model)
        self.samples, _ = read_split(data, "train", tokenizer, self.settings.window)

    def learned(self, seed: int) -> Iterator[int]:
        """Yield how many tokens each step learns, in the order that a run of this seed takes."""
        from train.stages.batches import plan

        lengths, s, epoch = [len(x.ids) for x in self.samples], self.settings, 0
        waiting: list[int] = []
        while True:
            for group in plan(lengths, s.batching, s.batch_tokens, seed, epoch):
                waiting.append(sum(len(self.samples[i].targets) for i in group))
                if len(waiting) == s.accumulate:
                    yield sum(waiting)
                    waiting = []
            epoch += 1

    def tokens_of(self, steps: int, seed: int) -> int:
        """Return how many tokens so many steps learn."""
        found = self.learned(seed)
        return sum(next(found) for _ in range(steps))

    def steps_for(self, tokens: int, seed: int) -> int:
        """Return the number of steps, at least one, whose tokens come nearest to so many."""
        before = total = 0
        for step, more in enumerate(self.learned(seed), 1):
            before, total = total, total + more
            if total >= tokens:
                return max(1, step if total - tokens <= tokens - before else step - 1)
        raise AssertionError("rows are read for ever")

    def run(self, steps: int, seed: int, prompts: Sequence[Any]) -> dict[str, Any]:
        """Train a run; return what it learned from and its scores of the prompts."""
        from train.harness.measure import answer_scores, encode_prompts
        from train.model.gemma import Gemma
        from train.model.load import load as load_model
        from train.stages import loop, stage1, training
        from train.stages.evaluate import trained
        from train.stages.stage import Request

        last = (f"max_steps={steps}", f"evaluate_every={steps}", f"seed={seed}")
        request = Request(self.model, self.data, changes=(*self.changes, *last))
        run, stage = stage1.start(request)
        training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
        model, tokenizer = load_model(self.model, run / "last")
        asked = encode_prompts(tokenizer, prompts)
        return {
            "tokens": trained(run),
            "scores": answer_scores(Gemma(model), asked, self.settings.window),
        }
