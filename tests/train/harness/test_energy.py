"""Joules, where a machine tells them; elsewhere nothing is made up."""

from pathlib import Path

from train.harness.energy import meter


def zone(folder: Path, name: str, value: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "name").write_text(name + "\n")
    (folder / "energy_uj").write_text(f"{value}\n")
    (folder / "max_energy_range_uj").write_text("1000000\n")
    return folder / "energy_uj"


def test_packages_are_added_and_a_counter_may_run_over(tmp_path: Path):
    first = zone(tmp_path / "intel-rapl:0", "package-0", 900_000)
    second = zone(tmp_path / "intel-rapl:1", "package-1", 100_000)
    zone(tmp_path / "intel-rapl:0:0", "core", 5)  # a part of the first, not to be counted twice
    found = meter(tmp_path)
    assert found
    before = found.read()
    first.write_text("100000")
    second.write_text("400000")
    assert found.joules(before, found.read()) == 0.5


def test_a_machine_that_tells_nothing(tmp_path: Path):
    assert meter(tmp_path) is None and meter(tmp_path / "nowhere") is None
    zone(tmp_path / "intel-rapl:0", "package-0", 1).write_text("denied")
    assert meter(tmp_path) is None
