"""Processes of their own for everything that is measured, with their time and peak memory.

The standard library alone: Linux counts what the parent held when it started a process into that process's peak, so the
parent has to stay small.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path


class ProcessError(Exception):
    """A process that failed."""


class Skipped(ProcessError):
    """A process that does not know an option, or that takes longer than it may."""


@dataclass
class Finished:
    """A process that has ended well."""

    seconds: float
    peak_bytes: int
    stdout: str


def environment(threads: int) -> dict[str, str]:
    """The environment in which every library takes so many threads."""
    names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"]
    return os.environ | {name: str(threads) for name in names}


def run(command: list[str], threads: int, limit: float) -> Finished:
    """Runs a process for at most `limit` seconds."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment(threads)
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit, stop)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        # Paths say nothing to readers of the results.
        words = " ".join([Path(command[0]).name, *(word for word in command[1:] if "/" not in word)])
        said = stderr.read().strip()
        if late.is_set():
            raise Skipped(f"`{words}` took more than {limit:g} s")
        if process.returncode != 0:
            if process.returncode == 2 and said.startswith("error: unexpected argument"):
                raise Skipped(f"`{words}` says {said.splitlines()[0]}")
            raise ProcessError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
        # Kilobytes on Linux, bytes on macOS.
        unit = 1 if sys.platform == "darwin" else 1024
        return Finished(seconds, usage.ru_maxrss * unit, stdout.read())
