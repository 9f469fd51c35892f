"""How much memory a run may take, here or on another Mac."""

import os
from dataclasses import dataclass

import mlx.core as mx

GB = 1e9
LARGE_MAC = 36 * 1024**3  # above it macOS lets the GPU wire three quarters, below two thirds
SPARE = 0.9  # of a machine without a GPU: the rest is the system's


@dataclass(frozen=True)
class Machine:
    """A machine as a plan sees it: what it has, what a run may take, and how it computes."""

    name: str
    total: int
    usable: int
    float32: bool  # half precision is widened, as on a CPU
    compiled: bool  # mlx's compiler makes one array of an activation function


def mac(gigabytes: float) -> Machine:
    """Return an Apple-silicon Mac with so many GB of memory.

    >>> mac(16).usable < 16e9 and not mac(16).float32
    True
    """
    total = int(gigabytes * 1024**3)
    usable = int(total * (3 / 4 if total > LARGE_MAC else 2 / 3))
    return Machine(f"a Mac with {gigabytes:g} GB", total, usable, False, True)


def this_machine() -> Machine:
    """Return the machine this runs on."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if mx.default_device() == mx.Device(mx.cpu):
        return Machine("this machine (CPU)", total, int(total * SPARE), True, False)
    wired = mx.device_info().get("max_recommended_working_set_size", int(total * 2 / 3))
    return Machine("this machine (GPU)", total, int(wired), False, True)
