"""The program `presslake`, also as `python -m flows`: the command line, started and ended without delay.

Belongs here: what must happen before the first import and after the last line of output. Does not
belong here: commands, and what becomes of errors (`flows.cli`).
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Final

#: Who has imported one of these may have work left for the interpreter's end: servers and processes to stop.
_TO_BE_ENDED: Final = frozenset(["prefect", "multiprocessing.util"])


def main() -> int:
    """Run the command line.

    Returns:
        The exit code; where nothing is left to be ended, the process ends here.
    """
    # What is imported stays: looking for garbage among it every 700 objects takes a tenth of a short command's time,
    # and doing so once, after 50,000, still a twentieth.
    gc.set_threshold(300_000, 20, 20)
    # Where numpy is installed pyarrow imports it, and numpy's OpenBLAS starts a thread a core, which nobody would use.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tasks.tables.quick_imports import install  # noqa: PLC0415

    install()
    from flows.cli import main as command_line  # noqa: PLC0415

    code = command_line()
    if _TO_BE_ENDED.isdisjoint(sys.modules):
        # A stream that takes nothing more is left to the interpreter's own end, which tells of it.
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            # Taking pyarrow down piece by piece would take a sixth of the time of `presslake check`.
            os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
