"""Match rows of tables to samples: individual names are unique within families only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, place

NO_FAMILY = frozenset({"", "0"})  # as PLINK has it


@dataclass(frozen=True)
class SampleNames:
    """Names of the samples of a file of genotypes.

    Attributes
    ----------
    samples
        Unique names: the individual's, or family_individual where families share one.
    families, individuals
        FID and IID of each sample where the file has families, otherwise empty; a FID of 0 is none.
    """

    samples: list[str]
    families: list[str] = field(default_factory=list)
    individuals: list[str] = field(default_factory=list)

    def find(self, families: Sequence[str], individuals: Sequence[str], path: Path) -> np.ndarray:
        """Return the sample of each row of a table, int64 of shape (rows,), -1 where there is none.

        Where both have a family it must be the same. A row without one matches the sample or individual of that name; a sample without
        one matches its individual's name, or family_individual, as PLINK writes it in VCF.

        Parameters
        ----------
        families, individuals
            FID (empty or 0: none) and IID or sample name of each row.
        path
            The table, for messages.

        Raises
        ------
        DataError
            If no row matches, a row matches several samples, or several rows match one sample.
        """
        by_family, without_family, by_name = self._index()
        sample_of_row = np.full(len(individuals), -1, dtype=np.int64)
        taken: dict[int, tuple[str, str]] = {}
        for row, (family, name) in enumerate(zip(families, individuals, strict=True)):
            if family in NO_FAMILY:
                candidates = by_name.get(name, set())
            else:
                candidates = (
                    by_family.get((family, name), set()) | without_family.get(name, set()) | without_family.get(f"{family}_{name}", set())
                )
            if len(candidates) > 1:
                several = ", ".join(self.samples[index] for index in sorted(candidates)[:3])
                received = f"a row for {_spell(family, name)} that matches the samples {several}"
                raise DataError(received, "rows that match one sample", "give FID and IID as the genotypes have them", where=str(path))
            for index in candidates:
                if taken.setdefault(index, (family, name)) != (family, name):
                    received = f"rows for {_spell(*taken[index])} and for {_spell(family, name)}: both match sample {self.samples[index]}"
                    raise DataError(received, "one row per sample", "use the sample names of the genotypes in the table", where=str(path))
                sample_of_row[row] = index
        if (sample_of_row < 0).all():
            raise self._nothing_shared(families, individuals, path)
        return sample_of_row

    def _nothing_shared(self, families: Sequence[str], individuals: Sequence[str], path: Path) -> DataError:
        """Return the error for a table without any of the samples, which reports whether only families differ."""
        ours, theirs = ", ".join(self.samples[:3]), ", ".join(individuals[:3]) or "no rows"
        differ = sorted(set(self.individuals) & set(individuals))
        if differ:
            name = differ[0]
            ours = _spell(self.families[self.individuals.index(name)], name)
            theirs = _spell(families[list(individuals).index(name)], name)
        expected = "FID and IID of the genotypes' samples" if differ else "names of the genotypes' samples"
        fix = "use the same FID in both files, or 0 in the table for any" if differ else "use the same names in both files"
        return DataError(f"no sample in common: genotypes have {ours}, ...; the table has {theirs}, ...", expected, fix, where=str(path))

    def _index(self) -> tuple[dict[tuple[str, str], set[int]], dict[str, set[int]], dict[str, set[int]]]:
        """Return samples by family and individual, those without family by name, and all by either name."""
        by_family: dict[tuple[str, str], set[int]] = {}
        without_family: dict[str, set[int]] = {}
        by_name: dict[str, set[int]] = {}
        families = self.families or [""] * len(self.samples)
        for index, (sample, family, name) in enumerate(zip(self.samples, families, self.individuals or self.samples, strict=True)):
            if family in NO_FAMILY:
                without_family.setdefault(name, set()).add(index)
            else:
                by_family.setdefault((family, name), set()).add(index)
            for key in {sample, name}:
                by_name.setdefault(key, set()).add(index)
        return by_family, without_family, by_name


def refuse_repeated(families: Sequence[str], individuals: Sequence[str], lines: Sequence[int], path: Path) -> None:
    """Refuse a table with a repeated individual.

    Parameters
    ----------
    families, individuals
        FID and IID or sample name of each row; no families where the table has none.
    lines
        Line of each row.
    path
        The table, for messages.

    Raises
    ------
    DataError
        If one is repeated.
    """
    seen: set[tuple[str, str]] = set()
    for family, name, line in zip(families or [""] * len(individuals), individuals, lines, strict=True):
        if (family, name) in seen:
            raise DataError(
                f"individual {name} more than once", "one row per individual", "remove one of the rows", where=place(path, line=line)
            )
        seen.add((family, name))


def _spell(family: str, name: str) -> str:
    return name if family in NO_FAMILY else f"{family} {name}"
