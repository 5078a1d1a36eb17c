"""The command ``kirchhoff``."""

from __future__ import annotations

import signal
import sys

from . import _kirchhoff


def main() -> int:
    """Does what the command line says, as the tool built with cargo does."""
    # The tool has a handler of its own for Ctrl-C, which ends its work in order.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdout.flush()
    return _kirchhoff.command(["kirchhoff", *sys.argv[1:]])
