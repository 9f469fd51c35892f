"""Runs Python that a model wrote: in a child with limits, no environment, a folder of its own."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile

SECONDS = 5.0
MEMORY = 512 * 1024**2
FILE_SIZE = 1024**2


def run_code(code: str, asserts: str) -> bool:
    """Return whether `code` followed by `asserts` exits with 0 within the limits.

    The child is isolated Python (`-I`), sees no variable of this process's environment, writes only
    into a folder that is removed, and is killed with everything it started when its time is up.

    >>> run_code("def double(x): return 2 * x", "assert double(4) == 8")
    True
    >>> run_code("def double(x): return x", "assert double(4) == 8")
    False
    """
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", f"{code}\n\n{asserts}\n"],
            cwd=folder,
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=limits,
            start_new_session=True,
        )
        try:
            return child.wait(SECONDS) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            stop(child)


def limits() -> None:
    """Bound the child before it runs a line."""
    for what, most in (
        (resource.RLIMIT_CPU, int(SECONDS)),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError):  # macOS knows RLIMIT_AS and refuses to set it
            resource.setrlimit(what, (most, most))


def stop(child: "subprocess.Popen[bytes]") -> None:
    """Kill the child's whole session; what is gone already is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
