"""Arguments of the array verbs: lists, DataFrames and arrays of any suitable type, checked on entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from lucidseq.core.errors import DataError


def numbers(name: str, values: Any, *, ndim: int) -> np.ndarray:
    """Return an argument as float64 of ``ndim`` dimensions.

    Raises
    ------
    DataError
        If it does not hold numbers, or has another number of dimensions.

    Examples
    --------
    >>> numbers("z", [1, 2], ndim=1)
    array([1., 2.])
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} with values that are not numbers ({error})", "numbers", f"convert {name}") from error
    if array.ndim != ndim:
        raise DataError(f"{name} of shape {array.shape}", f"an array of {ndim} dimension{'s' if ndim > 1 else ''}", f"reshape {name}")
    return array


def labels(given: Any, values: Any, count: int, *, axis: str) -> list[str]:
    """Return names of the items along an axis: the given names, else the columns (or index) of a DataFrame or Series, else numbers.

    Raises
    ------
    DataError
        If there are more or fewer names than items.

    Examples
    --------
    >>> labels(None, np.zeros((5, 2)), 2, axis="columns")
    ['0', '1']
    """
    source = given if given is not None else getattr(values, axis, None)
    names = [str(name) for name in (range(count) if source is None else source)]
    if len(names) != count:
        raise DataError(f"{len(names)} names for {count} variants", "a name for each", "correct names")
    return names


def require_columns(table: Any, columns: tuple[str, ...]) -> None:
    """Check that a DataFrame has columns.

    Raises
    ------
    DataError
        Naming the missing columns.
    """
    absent = [name for name in columns if name not in table]
    if absent:
        raise DataError(f"a table without {', '.join(absent)}", f"the columns {', '.join(columns)}", "rename or add the columns")
