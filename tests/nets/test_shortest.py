"""The shortest sequences an architecture takes."""

from __future__ import annotations

import pytest

from lucidseq.core.errors import UsageError
from lucidseq.nets import backend


@pytest.mark.parametrize("architecture", ["cnn-deep", "cnn-shallow"])
def test_build__takes_the_shortest_and_refuses_one_less(architecture: str) -> None:
    backend.prepare(threads=1)
    from lucidseq.nets.architectures import SHORTEST, Design, build

    shortest = SHORTEST[architecture]
    assert build(Design(architecture, shortest, 1, "binary")).output_shape == (None, 1)
    with pytest.raises(UsageError, match=f"sequences of {shortest - 1} bp"):
        build(Design(architecture, shortest - 1, 1, "binary"))
