"""The plan of stages 0 and 2 to 6, from manifests, settings and the model's config."""

from typing import Any

from train.hosts import taken_by_captures, taken_by_later
from train.hosts.machine import Machine
from train.hosts.needs import Need
from train.hosts.plan import config_folder
from train.model.gemma import Gemma
from train.model.skeleton import numbers, skeleton
from train.stages.stage import Request

TAKES = {
    0: taken_by_captures.instrumentation,
    2: taken_by_captures.routing_heads,
    3: taken_by_captures.depth_modules,
    4: taken_by_later.projections,
    5: taken_by_later.transfer_pair,
    6: taken_by_later.joint,
}


def make(
    stage: int, request: Request, found: list[Need], machine: Machine, pack: str = "shipped"
) -> dict[str, Any]:
    """Return the plan of a stage as JSON holds it; what is missing stands in `missing`."""
    gemma = Gemma(skeleton(config_folder(request.model), machine.float32))
    missing = [n for n in found if n.must and not n.found]
    taken = None if missing else TAKES[stage](gemma, request, pack)
    head = {
        "stage": stage,
        "model": request.model,
        "machine": machine.name,
        "usable_bytes": machine.usable,
        "parameters": sum(numbers(gemma.model).values()),
        "needs": [vars(n) for n in found],
        "missing": [{"what": n.what, "command": n.command} for n in missing],
    }
    if taken is None:
        return head | {"fits": None}
    total = sum(taken.parts.values())
    return head | {
        "trains": taken.said,
        "trainable": taken.trainable,
        "rows": taken.rows,
        "steps": taken.steps,
        "bytes": taken.parts,
        "total_bytes": total,
        "fits": total <= machine.usable,
    }
