"""Progress by tqdm, where it is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import _optional

Progress = Callable[[str, int, int], None]


@contextmanager
def shown(progress: bool | None) -> Iterator[Progress | None]:
    """What native runs tell their progress to: a bar, or nothing.

    Without a choice there is a bar where tqdm is installed and somebody looks at a terminal.
    """
    if progress is False or (progress is None and not _looked_at()):
        yield None
        return
    if progress:
        tqdm = _optional.need("tqdm.auto", "progress=True", "tqdm")
    else:
        tqdm = _optional.find("tqdm.auto")
    if tqdm is None:
        yield None
        return
    bar = tqdm.tqdm(total=1, leave=False, unit="edge", unit_scale=True, delay=0.5)

    def tell(stage: str, done: int, total: int) -> None:
        bar.total = max(total, done, 1)
        bar.set_description(stage, refresh=False)
        bar.update(done - bar.n)

    try:
        yield tell
    finally:
        bar.close()


def _looked_at() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
