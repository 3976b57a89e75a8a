"""Genotypes of BCF 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np

from lucidseq.core.errors import place
from lucidseq.core.genotypes import CHUNK
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.sex_chromosomes import maybe_haploid
from lucidseq.encode.readers.bcf_records import BcfRecord, BcfRecords
from lucidseq.encode.readers.reader import GenotypeReader, Reading, VariantChunk, as_float, make_chunk, require_unique_samples
from lucidseq.encode.readers.sample_fields import KEYS, SampleFields, allele_dosage, field_to_read


class BcfReader(GenotypeReader):
    """Reader of a BCF file (see `reader.GenotypeReader`); ALT is the effect allele."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self._bcf = BcfRecords(path)
        header = self._bcf.header
        require_unique_samples(header.samples, path)
        self._field = field_to_read(reading.field, header.text)
        super().__init__(path, header.samples, reading, hard_calls=self._field is GenotypeField.GT)

    def positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the file without decoding genotypes."""
        contigs: list[str] = []
        starts: list[int] = []
        for record in self._bcf.records():
            contigs.append(record.contig)
            starts.append(record.start)
            if len(starts) == CHUNK:
                yield np.array(contigs, dtype=object), np.array(starts)
                contigs, starts = [], []
        if starts:
            yield np.array(contigs, dtype=object), np.array(starts)

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        rows: list[tuple[str, int, str, str, str]] = []
        dosages: list[np.ndarray] = []
        doubled: list[int] = []
        for row, record in enumerate(self._bcf.records()):
            if row < first:
                continue
            if last is not None and row >= last:
                break
            kept = self.keep_alleles(sum(allele != "." for allele in record.alleles[1:]))
            fields = self._fields(record, row) if kept else None
            doubled += [cast(SampleFields, fields).doubled(self.reading.ploidy)] * len(kept) if kept else []
            for allele in kept:
                rows.append((record.contig, record.start, record.alleles[allele], record.alleles[0], record.rsid))
                dosages.append(self._dosage(record, cast(SampleFields, fields), allele))
            if len(rows) >= CHUNK:
                yield make_chunk(rows, np.stack(dosages), doubled)
                rows, dosages, doubled = [], [], []
        if rows:
            yield make_chunk(rows, np.stack(dosages), doubled)

    def _dosage(self, record: BcfRecord, fields: SampleFields, allele: int) -> np.ndarray:
        where = place(self.path, variant=f"{record.contig}:{record.start + 1}")
        strict = self.reading.field is not GenotypeField.AUTO
        values = allele_dosage(fields, self._field, allele, self.reading.ploidy, strict=strict, where=where)
        return values if self.hard_calls else as_float(values)

    def _fields(self, record: BcfRecord, row: int) -> SampleFields:
        """Return the fields of a record that are read here."""
        names, found = self._bcf.fields(record, row + 1, {"GT", KEYS[self._field]})
        alleles = self._bcf.calls(found["GT"], row + 1)[0] if "GT" in found else None
        values = alleles if self.hard_calls else found.get(KEYS[self._field])
        return SampleFields(len(record.alleles) - 1, names, alleles, values, maybe_haploid(record.contig))
