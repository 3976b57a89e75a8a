"""One seed, many named random streams.

A stream depends on the seed and its names alone, never on the order of calls, on batching or on sharding, so that results do not
depend on how the work is divided.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def derive(seed: int, *names: str | int) -> int:
    """Derive a 63-bit seed from a seed and names.

    Examples
    --------
    >>> derive(1, "shuffle", "peak_7") == derive(1, "shuffle", "peak_7")
    True
    >>> derive(1, "shuffle") == derive(1, "weights")
    False
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the NumPy generator of a named stream.

    Examples
    --------
    >>> bool(stream(1, "trait", "noise").integers(10) == stream(1, "trait", "noise").integers(10))
    True
    """
    import numpy as np

    return np.random.Generator(np.random.PCG64(derive(seed, *names)))
