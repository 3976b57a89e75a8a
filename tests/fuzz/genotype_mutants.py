"""Read damaged genotype files, thousands of them, in a process of its own: a library that crashes or takes all memory ends it.

Run as ``python genotype_mutants.py KIND SEED COUNT``; prints how many were refused, and ends with 0 when every mutant gave genotypes
or a three-part error.
"""

from __future__ import annotations

import faulthandler
import gzip
import logging
import resource
import signal
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import bgen
import pgenlib

from fixtures_formats import HEADER
from fixtures_genotypes import random_calls, write_plink1, write_text_vcf
from lucidseq.core.errors import LucidseqError
from lucidseq.encode.genotypes.choices import GenotypeField, HaploidCoding
from lucidseq.encode.genotypes.genotype_store import StoreContents, create_genotypes
from lucidseq.encode.readers.open import open_reader
from lucidseq.encode.readers.reader import Reading, in_range

# What the framework translates for the user (core/execute.py)
TRANSLATED = (LucidseqError, UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile)
MEMORY, SECONDS = 4 << 30, 20
PIECES = [b"\t", b"\n", b"0", b"-1", b".", b":", b"|", b"nan", b"1e400", b"\xff", b"\x00", b",", b"chrX", b" ", b"", b"\r", b"4294967295"]
SAMPLES, VARIANTS = 13, 40
FIELDS = (GenotypeField.AUTO, GenotypeField.GT)


def mutate(data: bytes, random: np.random.Generator, *, head: int = 0) -> bytes:
    """Change up to four places: flip bits, cut off, swap blocks, overwrite numbers (in the header, half of the time), insert text."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 3)):
        if not changed:
            return bytes(changed)
        limit = min(head, len(changed)) if head and random.random() < 0.5 else len(changed)
        at = int(random.integers(0, limit))
        what = random.integers(0, 6)
        if what == 0:
            changed[at] ^= 1 << int(random.integers(8))
        elif what == 1:
            changed[at] = int(random.integers(256))
        elif what == 2:
            lie = int(random.choice([0, 1, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, int(random.integers(2**32))]))
            changed[at : at + 4] = lie.to_bytes(4, "little")
        elif what == 3 and random.random() < 0.4:
            del changed[at:]
        elif what == 4:
            length = int(random.integers(1, 40))
            other = int(random.integers(0, len(changed)))
            one, two = changed[at : at + length], changed[other : other + length]
            changed[at : at + length], changed[other : other + length] = two, one
        else:
            end = at + int(random.integers(0, 6))
            changed[at:end] = PIECES[random.integers(len(PIECES))]
    return bytes(changed)


def read(path: Path, field: GenotypeField = GenotypeField.AUTO) -> None:
    """Read a file to its end and check that what comes out can be genotypes."""
    reader = open_reader(path, Reading(field))
    for piece in reader.chunks():
        chunk = in_range(piece, 2, path)
        assert chunk.dosage.shape == (len(chunk), len(reader.samples))
        if chunk.dosage.dtype == np.int8:
            assert ((chunk.dosage >= -1) & (chunk.dosage <= 2)).all()
        else:
            known = chunk.dosage[~np.isnan(chunk.dosage)]
            assert ((known >= 0) & (known <= 2)).all()
    for contigs, starts in reader.positions():
        assert len(contigs) == len(starts)


def vcf_text() -> str:
    names = "\t".join(f"s{index}" for index in range(SAMPLES))
    header = HEADER + '##FORMAT=<ID=GP,Number=G,Type=Float,Description="p">\n##contig=<ID=chrX>\n'
    rows = []
    for row in range(VARIANTS):
        cells = [f"{'01'[row % 2]}/{'012'[at % (3 if row % 5 == 0 else 2)]}" for at in range(SAMPLES)]
        form = "GT"
        if row % 3 == 1:
            form, cells = "GT:DS", [f"{cell}:0.{at}" for at, cell in enumerate(cells)]
        alt = "G,T" if row % 5 == 0 else "G"
        if row % 3 == 1 and alt == "G,T":
            cells = [f"{cell},0.5" for cell in cells]
        rows.append(f"1\t{row + 5}\t.\tA\t{alt}\t.\t.\t.\t{form}\t" + "\t".join(cells))
    return f"{header}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n" + "\n".join(rows) + "\n"


def write_pgen(folder: Path, *, dosage: bool) -> Path:
    calls = random_calls(1, VARIANTS, SAMPLES, missing=0.1)
    path = folder / "x.pgen"
    with pgenlib.PgenWriter(
        str(path).encode(), SAMPLES, variant_ct=VARIANTS, nonref_flags=False, dosage_present=dosage, allele_ct_limit=2
    ) as writer:
        for row in calls:
            if dosage:
                writer.append_dosages(np.where(row < 0, -9, row * 0.93).astype(np.float32))
            else:
                writer.append_biallelic(np.where(row < 0, -9, row).astype(np.int8))
    (folder / "x.psam").write_text("#IID\tSEX\theight\n" + "".join(f"s{at}\t{at % 3}\t{at}.5\n" for at in range(SAMPLES)))
    names = "".join(f"1\t{row + 5}\trs{row}\tA\tG\n" for row in range(VARIANTS))
    (folder / "x.pvar").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n" + names)
    return path


def write_bgen(folder: Path, *, layout: int, compression: str | None, several: bool = False) -> Path:
    path = folder / "x.bgen"
    rng = np.random.default_rng(1)
    names = [f"s{at}" for at in range(SAMPLES)]
    with bgen.BgenWriter(str(path), SAMPLES, samples=names, compression=compression, layout=layout) as writer:
        for row in range(VARIANTS):
            alleles = ["A", "G", "T"] if several and row % 3 == 0 else ["A", "G"]
            shape = 6 if len(alleles) == 3 else 3
            probabilities = rng.dirichlet(np.full(shape, 0.3), SAMPLES)
            writer.add_variant(f"v{row}", f"rs{row}", "1", row + 5, alleles, probabilities, **({"bit_depth": 8} if layout == 2 else {}))
    people = "".join(f"s{at} s{at} 0 {1 + at % 2}\n" for at in range(SAMPLES))
    (folder / "x.sample").write_text(f"ID_1 ID_2 missing sex\n0 0 0 D\n{people}")
    return path


def write_store(folder: Path) -> Path:
    path = folder / "x.genotypes.h5"
    names = [f"s{at}" for at in range(SAMPLES)]
    sex = np.arange(SAMPLES, dtype=np.uint8) % 3
    contents = StoreContents(names, True, "GRCh38", 2, HaploidCoding.TWO, sex, [], [], np.empty((0, SAMPLES)))
    prefix = write_plink1(folder / "p", random_calls(1, VARIANTS, SAMPLES))
    with create_genotypes(path, contents) as writer:
        for chunk in open_reader(Path(f"{prefix}.bed")).chunks():
            writer.add(chunk, np.full(len(chunk), 0.5))
        writer.finish()
    return path


def bcf_payload(folder: Path) -> Path:
    """Write a BCF without compression, which no checksum guards."""
    path = write_text_vcf(folder / "x.bcf", vcf_text())
    path.write_bytes(gzip.decompress(path.read_bytes()))
    return path


def plain_file(name: str, text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_text(text)
        return folder / name

    return write


def bed_set(folder: Path) -> Path:
    return Path(f"{write_plink1(folder / 'x', random_calls(1, VARIANTS, SAMPLES))}.bed")


# Name: how the set is written, the file that is changed (by suffix; None is the one that is written), bytes of its header
KINDS: dict[str, tuple[Callable[[Path], Path], str | None, int]] = {
    "bed": (bed_set, None, 3),
    "bim": (bed_set, ".bim", 0),
    "fam": (bed_set, ".fam", 0),
    "pgen": (lambda folder: write_pgen(folder, dosage=False), None, 90),
    "pgen-dosage": (lambda folder: write_pgen(folder, dosage=True), None, 120),
    "pvar": (lambda folder: write_pgen(folder, dosage=False), ".pvar", 60),
    "psam": (lambda folder: write_pgen(folder, dosage=False), ".psam", 20),
    "bgen11": (lambda folder: write_bgen(folder, layout=1, compression="zlib"), None, 120),
    "bgen11-plain": (lambda folder: write_bgen(folder, layout=1, compression=None), None, 120),
    "bgen12": (lambda folder: write_bgen(folder, layout=2, compression="zlib", several=True), None, 120),
    "bgen13": (lambda folder: write_bgen(folder, layout=2, compression="zstd", several=True), None, 120),
    "bgen-plain": (lambda folder: write_bgen(folder, layout=2, compression=None, several=True), None, 120),
    "sample": (lambda folder: write_bgen(folder, layout=2, compression="zlib"), ".sample", 40),
    "vcf": (plain_file("x.vcf", vcf_text()), None, 500),
    "vcf-gz": (lambda folder: write_text_vcf(folder / "x.vcf.gz", vcf_text()), None, 20),
    "bcf": (bcf_payload, None, 700),
    "bcf-gz": (lambda folder: write_text_vcf(folder / "x.bcf", vcf_text()), None, 20),
    "store": (write_store, None, 2000),
}
# Files that say how long they are: cut off anywhere, they must be refused
SAY_THEIR_LENGTH = ("bed", "pgen", "pgen-dosage", "bgen11", "bgen11-plain", "bgen12", "bgen13", "bgen-plain", "vcf-gz", "bcf-gz", "store")


def run(kind: str, seed: int, count: int) -> tuple[int, int]:
    """Read so many mutants; return how many were refused, and how many that were only cut off were not."""
    write, suffix, head = KINDS[kind]
    random = np.random.default_rng(seed)
    refused = accepted_cut = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        main = write(folder)
        read(main)
        changed = main if suffix is None else main.with_suffix(suffix)
        data = changed.read_bytes()
        for at in range(count):
            cut = kind in SAY_THEIR_LENGTH and at % 5 == 0
            mutant = data[: random.integers(0, len(data))] if cut else mutate(data, random, head=head)
            changed.write_bytes(mutant)
            signal.alarm(SECONDS)
            try:
                read(main, FIELDS[random.integers(2)])
                accepted_cut += cut
            except TRANSLATED:
                refused += 1
            except (OSError, KeyError, RuntimeError, ValueError) as error:
                raise AssertionError(f"{kind}, seed {seed}, mutant {at}: {error!r}") from error
            finally:
                signal.alarm(0)
    return refused, accepted_cut


def main() -> None:
    faulthandler.enable()
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    h5py.get_config()
    seed, count = int(sys.argv[2]), int(sys.argv[3])
    for kind in KINDS if sys.argv[1] == "all" else [sys.argv[1]]:
        refused, accepted = run(kind, seed, count)
        print(f"{kind}: {refused} of {count} refused; {accepted} cut off and not refused", flush=True)


if __name__ == "__main__":
    main()
