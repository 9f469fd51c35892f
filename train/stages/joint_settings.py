"""Settings of the joint finetune: a weight and a beginning for every term, and how long it runs."""

from pydantic import Field

from train.stages.settings import LoopSettings
from warehouse.errors import AgpError

TERMS = ("sft", "depth", "route", "vitality", "semantic", "transfer")
NEEDS = {  # term → part of the bundle
    "sft": "adapter",
    "depth": "depth",
    "route": "heads",
    "vitality": "heads",
    "semantic": "semantic",
    "transfer": "codec",
}


class JointSettings(LoopSettings):
    """What stage 6 needs besides; `stage6.toml` says what each line means."""

    share: float = Field(gt=0, le=0.1)
    sft: float = Field(ge=0)
    depth: float = Field(ge=0)
    route: float = Field(ge=0)
    vitality: float = Field(ge=0)
    semantic: float = Field(ge=0)
    transfer: float = Field(ge=0)
    sft_from: float = Field(ge=0, lt=1)
    depth_from: float = Field(ge=0, lt=1)
    route_from: float = Field(ge=0, lt=1)
    vitality_from: float = Field(ge=0, lt=1)
    semantic_from: float = Field(ge=0, lt=1)
    transfer_from: float = Field(ge=0, lt=1)
    ramp: float = Field(ge=0, le=1)
    anchor: float = Field(ge=0)
    pace_adapter: float = Field(ge=0)
    pace_heads: float = Field(ge=0)
    pace_depth: float = Field(ge=0)
    pace_semantic: float = Field(ge=0)
    pace_codec: float = Field(ge=0)
    prompts: int = Field(gt=0)
    sent: int = Field(gt=0)
    texts: int = Field(gt=1)
    batch_tokens: int = Field(gt=0)
    window: int = Field(gt=1)
    valid_tokens: int = Field(gt=0)
    valid_prompts: int = Field(gt=0)
    checkpoint_gradients: bool
    head_positions: int = Field(gt=0)

    def paces(self) -> dict[str, float]:
        """Return each part's share of the learning rate, by its name in the model."""
        roles = ("heads", "depth", "semantic", "codec")
        found = {role: getattr(self, f"pace_{role}") for role in roles}
        return {"backbone": self.pace_adapter, **found}

    def weighs(self, done: float, roles: list[str]) -> dict[str, float]:
        """Return the weight of each term when a share of the steps is done; no part, no term.

        A term that comes in later grows evenly over the ramp.
        """
        found = {}
        for term in TERMS:
            first = getattr(self, f"{term}_from")
            if NEEDS[term] in roles and done >= first:
                sudden = not first or not self.ramp
                grown = 1.0 if sudden else min(1.0, (done - first) / self.ramp)
                found[term] = getattr(self, term) * grown
        return {term: weight for term, weight in found.items() if weight}


def steps(chosen: JointSettings, an_epoch: int, earlier: dict[str, int]) -> int:
    """Return how many steps are taken: never more than the share of all earlier stages' steps.

    AgpError where more are asked for, or the share is not even one step.
    """
    total = sum(earlier.values())
    most = int(chosen.share * total)
    if chosen.max_steps > most:
        raise AgpError(
            f"max_steps={chosen.max_steps} is too long for a joint finetune: the stages before "
            f"took {total} steps, {chosen.share:.0%} of them are {most}"
        )
    if most < 1:
        raise AgpError(
            f"the stages before took {total} steps in all, {chosen.share:.0%} of them is no step; "
            "a joint finetune needs runs that were trained longer"
        )
    return chosen.max_steps or min(most, max(1, round(an_epoch * chosen.epochs)))
