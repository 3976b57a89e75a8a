"""A panel of variants: a genotype store, a .bim, a .pvar, or a table with alleles and optionally frequencies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import open_genotypes
from lucidseq.core.intervals import MOST_BASES
from lucidseq.core.tables import open_text
from lucidseq.core.variants import AlleleKind, ContigNames, clean_allele, clean_contig
from lucidseq.encode.sumstats.text import Block, find_separator, read_blocks, read_line, split_line
from lucidseq.encode.sumstats.values import Alleles, ColumnContext, StringPool, VariantNamePool, allele_state, numbers, positions

_HDF5 = b"\x89HDF"
_BIM = ("contig", "name", "", "position", "effect", "other")
# Names of the columns of a panel with a header, in small letters; of several, the first is read
_NAMES = {
    "contig": ("chromosome", "chrom", "chr", "contig"),
    "position": ("base_pair_location", "position", "pos", "bp"),
    "name": ("rsid", "id", "snp", "variant_id"),
    "effect": ("effect_allele", "a1", "alt"),
    "other": ("other_allele", "a2", "ref"),
    "frequency": ("effect_allele_frequency", "alt_freqs", "a1_freq", "af", "freq", "frequency", "af1"),
}
_NUMBERS = ("position", "frequency")
_STORE_ROWS, _BLOCK = 1 << 16, 1 << 22  # rows of a store and characters of a text read at a time
_Part = tuple[pd.DataFrame, np.ndarray, bool, bool]  # columns by kind, lines, is_bim, knows_reference


@dataclass
class VariantPanel:
    """Variants of a panel as codes that the study shares.

    Attributes
    ----------
    contig, position, effect, other, name, frequency
        Arrays of shape (variants,); frequency (of the effect allele) is NaN where unknown.
    is_bim
        The panel is a PLINK .bim, whose A1 is the effect allele of PLINK's own results.
    knows_reference
        The other allele is the genome's (column REF).
    removed
        Rows removed for their alleles or contig.
    """

    path: Path
    contig: np.ndarray
    position: np.ndarray
    effect: np.ndarray
    other: np.ndarray
    name: np.ndarray
    frequency: np.ndarray
    is_bim: bool
    knows_reference: bool = False
    removed: int = 0

    def __len__(self) -> int:
        return len(self.position)


def read_panel(path: Path, contigs: StringPool, alleles: Alleles, names: VariantNamePool) -> VariantPanel:
    """Read a panel; multi-allelic rows and alleles without bases are removed.

    Raises
    ------
    DataError
        If the format is unknown, a column is missing, or a value is invalid.
    """
    columns: dict[str, list[np.ndarray]] = {name: [] for name in _NAMES}
    is_bim, known, removed = False, False, 0
    for part in read_panel_parts(path, contigs, alleles, names):
        is_bim, known, removed = part.is_bim, part.knows_reference, removed + part.removed
        for name, arrays in columns.items():
            arrays.append(getattr(part, name))
    whole = {name: np.concatenate(columns.pop(name)) for name in _NAMES}
    return VariantPanel(path, **whole, is_bim=is_bim, knows_reference=known, removed=removed)


def read_panel_parts(path: Path, contigs: StringPool, alleles: Alleles, names: VariantNamePool) -> Iterator[VariantPanel]:
    """Read a panel in parts (see `read_panel`); a part may be empty.

    Raises
    ------
    DataError
        As `read_panel`.
    """
    with Path(path).open("rb") as handle:
        hdf5 = handle.read(4) == _HDF5
    rows = kept = 0
    contig_names = ContigNames()
    for frame, line, is_bim, known in _from_store(path) if hdf5 else _from_text(path):
        part = _encode(frame, line, path, contigs, alleles, names, contig_names, is_bim=is_bim, known=known)
        rows, kept = rows + len(frame), kept + len(part)
        yield part
    if not rows:
        raise DataError("a panel without variants", "at least one", "check the file", where=str(path))
    if not kept:
        raise DataError("a panel without a variant of two alleles", "at least one", "check the file", where=str(path))


def _encode(
    frame: pd.DataFrame,
    line: np.ndarray,
    path: Path,
    contigs: StringPool,
    alleles: Alleles,
    names: VariantNamePool,
    contig_names: ContigNames,
    *,
    is_bim: bool,
    known: bool,
) -> VariantPanel:
    """Return rows with two alleles of bases, as codes."""
    values = {"contig": contigs.encode(frame["contig"], lambda text: contig_names(text) if clean_contig(text) else None)}
    for name in ("effect", "other"):
        values[name] = alleles.encode(frame[name], clean_allele)
    values["name"] = names.encode(frame["name"]) if "name" in frame else np.zeros(len(frame), dtype=np.int64)
    position = positions(frame["position"], ColumnContext("position", line, path))
    wrong = ~((position >= 1) & (position < MOST_BASES) & (position % 1 == 0))
    ColumnContext("position", line, path).refuse(wrong, frame["position"], "a whole number from 1")
    values["position"] = position.astype(np.int64)
    where = ColumnContext("frequency", line, path)
    share = numbers(frame["frequency"], where) if "frequency" in frame else np.full(len(frame), np.nan)
    where.refuse((share < 0) | (share > 1), share, "a number from 0 to 1")
    values["frequency"] = share
    named = np.isin(allele_state(alleles), [AlleleKind.BASES, AlleleKind.CODE])
    good = (values["effect"] >= 0) & (values["other"] >= 0) & (values["contig"] >= 0)
    good &= named[values["effect"]] & named[values["other"]] & (values["effect"] != values["other"])
    kept = {name: column[good] for name, column in values.items()}
    return VariantPanel(path, **kept, is_bim=is_bim, knows_reference=known, removed=int((~good).sum()))


def _from_store(path: Path) -> Iterator[_Part]:
    with open_genotypes(path) as store:
        for first in range(0, len(store.start), _STORE_ROWS):
            columns = store.columns(first, min(first + _STORE_ROWS, len(store.start)))
            frame = pd.DataFrame(
                {
                    "contig": columns["contig"],
                    "position": columns["start"] + 1,
                    "name": columns["rsid"],
                    "effect": columns["effect_allele"],
                    "other": columns["other_allele"],
                    "frequency": columns["frequency"],
                }
            )
            yield frame, np.arange(first + 1, first + len(frame) + 1), False, False


def _from_text(path: Path) -> Iterator[_Part]:
    with open_text(path) as handle:
        number = 0
        while (line := read_line(handle, path, number + 1)).startswith("##") or line == "\n":
            number += 1
        if not line:
            raise DataError("an empty panel", "variants", "check the file", where=str(path))
        separator = find_separator(line)
        header = split_line(line, separator)
        names = [name.strip().lower().removeprefix("#") for name in header]
        places = {kind: next((names.index(name) for name in headers if name in names), -1) for kind, headers in _NAMES.items()}
        places = {kind: at for kind, at in places.items() if at >= 0}
        needed = [kind for kind in ("contig", "position", "effect", "other") if kind not in places]
        is_bim = bool(needed) and len(header) == len(_BIM) and header[3].lstrip("-")[:1].isdigit()
        if is_bim:
            places = {kind: at for at, kind in enumerate(_BIM) if kind}
        elif needed:
            expected = f"columns for {', '.join(needed)}, or a PLINK .bim"
            fix = "give a .bim, .pvar, genotype store, or a table with chromosome, position, effect_allele, other_allele"
            raise DataError(f"a panel with columns {', '.join(header)[:200]}", expected, fix, where=place(path, line=number + 1))
        info = names.index("info") if not is_bim and "frequency" not in places and "info" in names else -1
        known = not is_bim and names[places["other"]] == "ref"
        columns = [*places.values()] + ([info] if info >= 0 else [])
        texts = [at for kind, at in places.items() if kind not in _NUMBERS] + ([info] if info >= 0 else [])
        kinds = {at: kind for kind, at in places.items()}
        if is_bim:
            yield _named(_first_row(header, places, number + 1), kinds, -1), np.array([number + 1]), True, False
        for block in read_blocks(
            handle,
            separator=separator,
            width=len(header),
            columns=columns,
            texts=texts,
            first_line=number + 2,
            path=path,
            whole=[places["position"]],
            block=_BLOCK,
        ):
            yield _named(block, kinds, info), block.line, is_bim, known


def _first_row(fields: list[str], places: dict[str, int], line: int) -> Block:
    """Return the first line of a file without a header as a block."""
    return Block(pd.DataFrame({at: [fields[at]] for at in places.values()}), np.array([line]))


def _named(block: Block, kinds: dict[int, str], info: int) -> pd.DataFrame:
    frame = block.frame.rename(columns=kinds)
    if info >= 0:  # VCF's INFO: AF of the first alternative allele
        frame["frequency"] = frame[info].str.extract(r"(?:^|;)AF=([0-9.eE+-]+)(?:;|$)")[0].fillna("")
    return frame
