"""`python -m bench [NAME...]`: the named benchmarks, or all in turn; each writes its own table.

`python -m bench filters` runs bench/filters/run.py; tables stand in bench/README.md.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run bench/NAME/run.py, one after the other; return how many failed."""
    scripts = {script.parent.name: script for script in sorted(HERE.glob("*/run.py"))}
    strange = [name for name in names if name not in scripts]
    if strange:
        print(f"there is no benchmark {strange[0]}; there are: {', '.join(scripts)}")
        return 2
    failed = 0
    for name in names or scripts:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"bench.{name}.run"]
        failed += subprocess.run(command, check=False, cwd=HERE.parent).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
