"""Working ahead: a second thread reads and takes digests while the first checks and links.

What comes out, and in which order, is the same as without; Arrow, the query engine and the hash
let go of Python's lock while they work.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The items as they come, the next one made while the last is in use."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = worker.submit(next, items, None)
            yield item


def begun(work: Callable[[], T]) -> Callable[[], T]:
    """Begin some work at once; the result waits for it, and raises what it raised."""
    worker = ThreadPoolExecutor(1)
    coming = worker.submit(work)
    worker.shutdown(wait=False)
    return coming.result
