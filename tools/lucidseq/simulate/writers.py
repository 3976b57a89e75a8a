"""Writers of FASTA, VCF, GTF, GMT and bigWig."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from lucidseq.core.alphabet import decode
from lucidseq.simulate.gene_placement import PlacedGene
from lucidseq.simulate.haplotypes import Haplotypes

FASTA_WIDTH = 60
VCF_ROWS = 2000


def write_fasta(path: Path, records: Iterable[tuple[str, np.ndarray]]) -> None:
    """Write codes as FASTA in lines of 60 bases."""
    with path.open("w", encoding="ascii") as handle:
        for name, codes in records:
            text = decode(codes)
            handle.write(f">{name}\n")
            handle.writelines(text[start : start + FASTA_WIDTH] + "\n" for start in range(0, len(text), FASTA_WIDTH))


def write_vcf(path: Path, contig: str, length: int, haplotypes: Haplotypes, ref: np.ndarray, alt: np.ndarray, samples: list[str]) -> None:
    """Write phased genotypes as bgzip-compressed VCF with a tabix index beside it.

    Parameters
    ----------
    ref, alt
        Codes of the alleles, of shape (variants,).
    """
    import pysam

    plain = path.with_name(path.name + ".text")
    header = (
        "##fileformat=VCFv4.2\n##source=lucidseq-simulate\n"
        f"##contig=<ID={contig},length={length}>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency of ALT">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(samples) + "\n"
    )
    letters = np.array(list("ACGT"))
    with plain.open("wb") as handle:
        handle.write(header.encode("ascii"))
        for first in range(0, len(haplotypes.position), VCF_ROWS):
            rows = slice(first, first + VCF_ROWS)
            fields = zip(haplotypes.position[rows], letters[ref[rows]], letters[alt[rows]], haplotypes.frequency[rows], strict=True)
            texts = _genotype_texts(haplotypes.alleles[rows])
            for index, ((position, r, a, frequency), text) in enumerate(zip(fields, texts, strict=True), start=first):
                handle.write(f"{contig}\t{position + 1}\tsnp{index + 1}\t{r}\t{a}\t.\tPASS\tAF={frequency:.5g}\tGT\t".encode("ascii"))
                handle.write(text)
    pysam.tabix_compress(str(plain), str(path), force=True)
    plain.unlink()
    pysam.tabix_index(str(path), preset="vcf", force=True)


def _genotype_texts(alleles: np.ndarray) -> Iterator[bytes]:
    """Yield the genotype columns of each variant, as ``0|1`` separated by tabs and ended by a newline."""
    variants, haplotypes = alleles.shape
    cells = np.empty((variants, haplotypes // 2, 4), dtype=np.uint8)
    cells[:, :, 0], cells[:, :, 2] = alleles[:, 0::2] + ord("0"), alleles[:, 1::2] + ord("0")
    cells[:, :, 1], cells[:, :, 3] = ord("|"), ord("\t")
    cells[:, -1, 3] = ord("\n")
    return (row.tobytes() for row in cells)


def write_gtf(path: Path, genes: list[PlacedGene]) -> None:
    """Write genes, each with one transcript of one exon."""
    lines = []
    for gene in genes:
        tags = f'gene_id "{gene.gene_id}"; gene_name "{gene.gene_id}"; gene_type "protein_coding";'
        for feature in ("gene", "transcript", "exon"):
            extra = "" if feature == "gene" else f' transcript_id "{gene.gene_id}.1";'
            lines.append(f"{gene.contig}\tlucidseq\t{feature}\t{gene.start + 1}\t{gene.end}\t.\t{gene.strand}\t.\t{tags}{extra}\n")
    path.write_text("".join(lines), encoding="ascii")


def write_gmt(path: Path, sets: dict[str, list[str]]) -> None:
    """Write gene sets."""
    path.write_text("".join(f"{name}\tsimulated\t" + "\t".join(genes) + "\n" for name, genes in sets.items()), encoding="ascii")


def write_bigwig(path: Path, tracks: dict[str, np.ndarray], lengths: dict[str, int], step: int) -> None:
    """Write binned signal.

    Parameters
    ----------
    tracks
        Contig to float32 values of shape (bins,), in the order of the contigs' names.
    lengths
        Contig to its length (bp).
    step
        Bin width (bp).
    """
    import pybigtools

    def rows() -> Iterator[tuple[str, int, int, float]]:
        for contig in sorted(tracks):
            rounded = np.round(tracks[contig].astype(np.float64), 3)
            edges = np.flatnonzero(np.diff(rounded, prepend=np.nan) != 0)
            ends = np.append(edges[1:], len(rounded)) * step
            for start, end, value in zip(edges * step, np.minimum(ends, lengths[contig]), rounded[edges], strict=True):
                yield contig, int(start), int(end), float(value)

    pybigtools.open(str(path), "w").write({name: lengths[name] for name in sorted(lengths)}, rows())
