"""Thresholds of a joint run, certified anew: its own states captured, the calibration split read.

The capture holds the same prompts as the one that the run learned from, through the model as it
came out. Its lens is fitted anew and stands beside the certificate.
"""

from pathlib import Path
from typing import Any

from train.harness.capture import read_manifest
from train.harness.packs import pack_of
from train.stages import captures, certified, runs
from train.stages.examples import labelled
from train.stages.stage2 import write_lens


def own_capture(run: Path, begin: Any = lambda n: None, tick: Any = lambda: None) -> Path:
    """Return the capture of a joint run's best checkpoint, made now if it is not there."""
    facts = runs.read_json(run / "run.json")
    before = read_manifest(Path(facts["capture"]))
    wanted = captures.Wanted(
        facts["model"] if facts["model"] == "tiny" else facts["model_path"],
        pack_of(before),
        run,
        tuple(before["layers"]),
        tuple(before["splits"]),
        before["length"],
        before["window"],
        before["most"],
    )
    return captures.make(wanted, begin, tick)


def recertify(run: Path, settings: Any) -> dict[str, Any]:
    """Write certificate and lens of a joint run's heads; return the certificate."""
    source = labelled(own_capture(run))
    write_lens(source, run / "lens.safetensors")
    return certified.write(run, source, settings)
