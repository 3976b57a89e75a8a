"""Choose the reader of a genotype file; a new format is one file with a `GenotypeReader`, named here."""

from __future__ import annotations

from pathlib import Path

from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers import plink1
from lucidseq.encode.readers.reader import GenotypeReader, Reading

_COMPANIONS = {".bim": ".bed", ".fam": ".bed", ".pvar": ".pgen", ".psam": ".pgen", ".sample": ".bgen"}


def whole_sets(paths: list[Path]) -> list[Path]:
    """Return paths with every set of files (PLINK 1 and 2, BGEN with its .sample) named once, however many of them were given.

    Workflow engines stage .bed, .bim and .fam together and hand all three over.
    """
    whole: list[Path] = []
    for path in map(Path, paths):
        main = path.with_suffix(_COMPANIONS.get(path.suffix, path.suffix))
        companion = main != path and main.is_file()
        if not companion:  # the same file twice stays, to be refused
            whole.append(path)
        elif main not in paths and main not in whole:
            whole.append(main)
    return whole


def open_reader(path: Path, reading: Reading | GenotypeField = GenotypeField.AUTO) -> GenotypeReader:
    """Open a file of genotypes by its content.

    PLINK 2 (.pgen or its prefix), PLINK 1 (.bed or its prefix), a genotype store, BGEN, BCF, or VCF (plain, gzip or bgzip).

    Raises
    ------
    DataError
        If it is none of these, or is damaged.
    """
    from lucidseq.encode.readers import bcf, bgen, pgen, store_reader, vcf

    path = Path(path)
    reading = Reading(reading) if isinstance(reading, GenotypeField) else reading
    if pgen.is_pgen(path):
        return pgen.PgenReader(path, reading)
    if plink1.is_plink1(path):
        return plink1.Plink1Reader(path, reading)
    if store_reader.is_store(path):
        return store_reader.StoreReader(path, reading)
    if bgen.is_bgen(path):
        return bgen.BgenReader(path, reading)
    if bcf.is_bcf(path):
        return bcf.BcfReader(path, reading)
    return vcf.VcfReader(path, reading)
