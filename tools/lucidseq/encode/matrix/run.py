"""`encode matrix`: the genotype store and splits -> the genotype matrix."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.card import Card
from lucidseq.core.codings import Training, genotype_kinds
from lucidseq.core.errors import DataError
from lucidseq.core.genotype_matrix import Layout, RowSums, pack
from lucidseq.core.genotypes import CHUNK, MISSING_CALL
from lucidseq.core.hdf5 import CHECKED, column_rows
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.outputs import OutputSet, require_space
from lucidseq.core.schema import GENOTYPE_MATRIX, GENOTYPES
from lucidseq.core.splits import Splits, digest, read_splits
from lucidseq.core.stores import create_store, open_store, read_list, read_text, write_array
from lucidseq.encode.hard_calls import hard_calls, refuse_more_copies
from lucidseq.encode.matrix.card import check_no_splits, check_training
from lucidseq.encode.matrix.choices import MatrixLayout
from lucidseq.encode.matrix.cli import MatrixOptions
from lucidseq.encode.matrix.fit import fit

_log = get_logger("lucidseq.encode")
_BLOCK_BYTES = 1 << 23  # genotypes transposed at a time
_COLUMN_BYTES, _LEAST_BYTES = 40, 1 << 16  # of the columns, for a variant or sample; of HDF5's own structures
_COLUMNS = ("contig", "start", "effect_allele", "other_allele", "id", "rsid")
_FITTED = {"called": "i8", "mean": "f8", "sd": "f8", "mode": "u1", "genotype_frequency": "f8"}


def matrix(options: MatrixOptions, out: OutputSet) -> Card:
    """Write the genotype matrix (options as in ``cli.matrix``)."""
    card = Card("encode", "matrix")
    with open_store(options.genotypes, GENOTYPES) as store:
        samples = read_text(store["samples/id"])
        _refuse_other_lengths(store, len(samples), options.genotypes)
        if not store["dosage"].size:
            raise DataError("no genotypes", "at least one variant and one sample", "check the genotype store", where=str(options.genotypes))
        given = _splits(options.splits, samples, card)
        if not given.train.any():
            raise DataError("no training sample", "at least one sample with split train", "correct the table", where=str(options.splits))
        ploidy = int(store.attrs.get("ploidy", 2))
        chosen = _layout(options.layout, store["dosage"].dtype, ploidy, options.genotypes)
        attributes: dict[str, str | int | list[str]] = {
            name: read_list(store, name) for name in ("trait_names", "trait_kinds", "covariate_names")
        }
        attributes |= {
            "build": str(store.attrs["build"]),
            "ploidy": ploidy,
            "layout": chosen.value,
            "training_digest": digest(samples[given.train]),
        }
        require_space(out["matrix"].parent, _size(store, chosen))
        with create_store(out["matrix"], GENOTYPE_MATRIX, **attributes) as result:
            _write_samples(store, result, samples, given)
            missing, constant = _transpose(store, result, given.train, chosen, options.hard_call_tolerance)
        check_training(card, constant, missing, given, str(attributes["training_digest"]))
    return card


def _size(store: h5py.File, layout: Layout) -> int:
    """Return the approximate size of the matrix in bytes."""
    variants, samples = store["dosage"].shape
    width = -(-variants // 4) if layout is Layout.BITS2 else variants * np.dtype(layout.value).itemsize
    return int(samples * width + _COLUMN_BYTES * (variants + samples) + _LEAST_BYTES)


def _refuse_other_lengths(store: h5py.File, samples: int, path: Path) -> None:
    shape = store["dosage"].shape
    lengths = {store[f"variants/{name}"].shape for name in _COLUMNS}
    if len(shape) != 2 or shape[1] != samples or lengths != {shape[:1]}:
        raise DataError(
            f"genotypes of shape {shape}, {samples} samples, columns of variants of shapes {sorted(lengths)}",
            "arrays of matching lengths",
            "encode the genotypes again",
            where=str(path),
        )


def _splits(path: Path | None, samples: np.ndarray, card: Card) -> Splits:
    if path is not None:
        splits = read_splits(path, list(samples))
        if splits.only_table:
            _log.info(f"{splits.only_table} samples of the table are not in the genotypes")
        return splits
    check_no_splits(card)
    return Splits(np.zeros(len(samples), dtype=np.uint8), samples, np.zeros(len(samples), dtype=np.int64))


def _layout(requested: MatrixLayout, stored: np.dtype, ploidy: int, path: Path) -> Layout:
    if requested is MatrixLayout.AUTO:
        return Layout.BITS2 if stored == np.int8 and ploidy <= 2 else Layout.FLOAT16
    if requested is MatrixLayout.BITS2 and ploidy > 2:
        raise DataError(f"ploidy {ploidy}, --layout bits2", "at most 2 copies in two bits", "use --layout float16", where=str(path))
    return Layout(requested.value)


def _write_samples(store: h5py.File, result: h5py.File, samples: np.ndarray, splits: Splits) -> None:
    write_array(result, "samples/id", samples)
    write_array(result, "splits/split", splits.split)
    write_array(result, "splits/group", splits.group)
    write_array(result, "splits/fold", splits.fold)
    for name in ("phenotypes/values", "covariates/values"):
        if name in store:
            write_array(result, name, store[name][()])


def _transpose(store: h5py.File, result: h5py.File, train: np.ndarray, layout: Layout, tolerance: float) -> tuple[np.ndarray, float]:
    """Write genotypes by sample, the variant columns and the statistics of the training samples, in one pass.

    Return the share of missing genotypes of each sample, and of variants that do not vary among the training samples.

    Blocks of 8 MB are transposed: memory does not grow with variants x samples.
    """
    dosage = store["dosage"]
    variants, samples = dosage.shape
    width = -(-variants // 4) if layout is Layout.BITS2 else variants
    kind = "u1" if layout is Layout.BITS2 else layout.value
    rows = result.create_dataset("genotypes", (samples, width), kind, fill_time="never")
    columns = {name: _column(result, f"variants/{name}", store[f"variants/{name}"].dtype, (variants,)) for name in _COLUMNS}
    ploidy = int(store.attrs.get("ploidy", 2))
    shapes = {name: (variants, genotype_kinds(ploidy)) if name == "genotype_frequency" else (variants,) for name in _FITTED}
    fitted = {name: _column(result, f"training/{name}", np.dtype(kind), shapes[name]) for name, kind in _FITTED.items()}
    missing, constant, sums = np.zeros(samples, dtype=np.int64), 0, RowSums(samples)
    size = max(CHUNK, _BLOCK_BYTES // (samples * (1 if layout is Layout.BITS2 else 4)) // CHUNK * CHUNK)
    training = np.flatnonzero(train)
    with Progress("variants", total=variants) as progress:
        for first in range(0, variants, size):
            last = min(first + size, variants)
            values = _read_block(dosage, first, last, layout, tolerance, store.filename)
            missing += (values == MISSING_CALL if values.dtype == np.int8 else np.isnan(values)).sum(axis=0)
            for start in range(0, last - first, CHUNK):  # indicators of a few variants at a time
                part = slice(start, min(start + CHUNK, last - first))
                counted = fit(values[part][:, training], ploidy)
                _store_fit(fitted, first + start, counted)
                constant += int((counted.sd == 0).sum())
            by_sample = pack(values) if layout is Layout.BITS2 else np.ascontiguousarray(values.T.astype(layout.value))
            at = first // 4 if layout is Layout.BITS2 else first
            rows[:, at : at + by_sample.shape[1]] = by_sample
            sums.add(by_sample)
            del values, by_sample  # before the next block is read
            for name, column in columns.items():
                column[first:last] = store[f"variants/{name}"][first:last]
            progress.step(last - first)
    write_array(result, "genotype_sums", sums.values)
    return missing / variants, constant / variants


def _column(result: h5py.File, name: str, dtype: np.dtype, shape: tuple[int, ...]) -> h5py.Dataset:
    """Create an array of variants, whose chunks do not depend on the writing."""
    rows = column_rows(shape[0], dtype.itemsize * int(np.prod(shape[1:])))
    return result.create_dataset(name, shape, dtype, chunks=(rows, *shape[1:]), compression="gzip", shuffle=True, **CHECKED)


def _read_block(dosage: h5py.Dataset, first: int, last: int, layout: Layout, tolerance: float, path: str) -> np.ndarray:
    values: np.ndarray = dosage[first:last]
    if layout is Layout.BITS2:
        return hard_calls(values, tolerance, path)
    refuse_more_copies(values, int(dosage.file.attrs.get("ploidy", 2)), path)
    if values.dtype == np.int8:
        return np.where(values == MISSING_CALL, np.float32(np.nan), values.astype(np.float32))
    return values


def _store_fit(fitted: dict[str, h5py.Dataset], first: int, counted: Training) -> None:
    for name, column in fitted.items():
        values = getattr(counted, name)
        column[first : first + len(values)] = values
