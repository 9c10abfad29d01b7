"""What every form is read into: some consecutive rows of one file."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# What is held of a file at a time, in bytes, unless one row is wider. Above this the allocator asks
# the system for fresh memory each time.
BLOCK = 16 << 20


@dataclass(frozen=True)
class Part:
    """Some consecutive rows of one file.

    Attributes:
        table: the columns asked for that the file has, as stored; text where the form has no types.
        rows: the rows' numbers in the file, from 1, header not counted; shape (table.num_rows,).
        broken: number and reason of rows between them that could not be parsed at all.
    """

    table: pa.Table
    rows: NDArray[np.int64]
    broken: tuple[tuple[int, str], ...] = ()
