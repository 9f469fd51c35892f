"""The demo's steps around one adapter: training it, prompts it never saw, and is it better?"""

from agp.demo_curriculum import newest
from agp.demo_guide import Guide

# Enough to show it within a minute: small steps, adapters on every block.
FEW_STEPS = ("window=512", "accumulate=1", "max_steps=80", "learning_rate=2e-3", "rank=32")


def train(guide: Guide) -> None:
    """An adapter."""
    guide.step(
        "Train an adapter",
        "Stage 1 on the tiny Gemma 4 that comes with AGP: under a million parameters, the real "
        "architecture, a few words. It learns from the answers of the train split, nothing else.",
    )
    few = [word for setting in FEW_STEPS for word in ("--set", setting)]
    data = newest(guide, "sft")
    guide.run_apart("train", "run", "1", "--model", "tiny", "--data", data, "--blocks", "all", *few)
    guide.run("runs", "list", lines=12)


def packs(guide: Guide) -> None:
    """Held-out prompts."""
    guide.step(
        "Prompts that it never saw",
        "Sessions of the other splits become prompts, each with the answer that was really given.",
    )
    guide.run("packs", "build", "--data", newest(guide, "sft"))


def evaluate(guide: Guide) -> None:
    """Adapter and base on held-out prompts, and an answer before and after."""
    run = guide.rows("select run_id from v_runs order by started_at desc limit 1")[0]["run_id"]
    guide.step(
        "Does it beat its base?",
        "Both are measured on the answers of the held-out sessions. The difference comes with its "
        "interval (a bootstrap over sessions), beside 3-grams and a scrambled adapter; the gates "
        "were fixed before the test split was opened. Then one prompt, answered before and after: "
        "so small a model takes on the form, hardly the sense.",
    )
    shown = ("--answers", "3", "--max-tokens", "48", "--show", "1")
    guide.run_apart("eval", run, "--pack", "history", *shown, lines=80)
