"""Limits that a process sets on itself: no files, so much memory, so many seconds of CPU."""

import os
import resource
import sys
import threading
import time

TOO_MUCH_MEMORY = 99  # exit status


def limit_files() -> None:
    """Let this process write no file and leave no core behind."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def limit_cpu(seconds: float, hard: int) -> None:
    """Let the kernel end this process when it has used so many more seconds of CPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard), hard))


def limit_memory(extra: int) -> None:
    """Let this process map no more than it has now and `extra` bytes.

    macOS does not hold to such a limit, so a thread watches there, and ends the process.
    """
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + extra, now + extra))
    except (OSError, ValueError):
        limit = peak_memory() + extra
        threading.Thread(target=watch_memory, args=(limit,), daemon=True).start()


def watch_memory(limit: int) -> None:
    """End this process once it has held more than `limit` bytes."""
    while peak_memory() < limit:
        time.sleep(0.02)
    os._exit(TOO_MUCH_MEMORY)


def peak_memory() -> int:
    """Return the most bytes this process has held (Linux counts in kilobytes, macOS in bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
