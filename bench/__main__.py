"""`make bench`: every benchmark in turn, each writing its table into bench/README.md."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run bench/*/run.py, one after the other; return how many failed."""
    failed = 0
    for script in sorted(HERE.glob("*/run.py")):
        print(f"== {script.parent.name}", flush=True)
        failed += subprocess.run([sys.executable, str(script)], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
