"""What lanes/weights.toml says: how much the exchanges of one template weigh together."""

from pydantic import PositiveFloat

from lanes.settings import Settings, load


class WeightSettings(Settings):
    """The most that the exchanges of a template weigh together in a build."""

    template_cap: PositiveFloat


def weight_settings() -> WeightSettings:
    """Return the settings in force.

    >>> weight_settings().template_cap
    8.0
    """
    return load(WeightSettings, "weights", {})
