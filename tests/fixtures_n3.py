"""The N3 fine-mapping locus (real imputed dosages, two simulated traits) as the files a user would have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

CONTIG = "chr19"
TRAITS = ("trait1", "trait2")
LOCUS = "n3"


@dataclass(frozen=True)
class N3Files:
    """Paths of the files, and the rows behind them."""

    vcf: Path
    phenotypes: Path
    loci: Path


def write_n3(shared_data: Path, folder: Path) -> N3Files:
    """Write VCF (GT:DS, bgzip and tabix), phenotype TSV and loci BED of shared_data/finemapping/n3.npz into a folder.

    DS has nine significant digits, which is what float32 needs, so the dosages come back exactly.
    """
    data = np.load(shared_data / "finemapping" / "n3.npz")
    dosage = (data["X"] + 2 * data["allele_freq"]).T.astype(np.float32)
    positions = data["pos"]
    people = [f"id{index:04d}" for index in range(dosage.shape[1])]
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "n3.vcf"
    with text.open("w", encoding="ascii") as handle:
        handle.write("##fileformat=VCFv4.2\n")
        handle.write(f"##contig=<ID={CONTIG},length=58617616>\n")
        handle.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        handle.write('##FORMAT=<ID=DS,Number=1,Type=Float,Description="Dosage of ALT">\n')
        handle.write("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *people]) + "\n")
        calls = np.array(["0/0", "0/1", "1/1"])
        for row, (position, values) in enumerate(zip(positions, dosage, strict=True)):
            cells = [f"{call}:{value:.9g}" for call, value in zip(calls[np.rint(values).astype(int)], values, strict=True)]
            handle.write("\t".join([CONTIG, str(position), f"v{row}", "A", "G", ".", "PASS", ".", "GT:DS", *cells]) + "\n")
    vcf = folder / "n3.vcf.gz"
    pysam.tabix_compress(str(text), str(vcf), force=True)
    pysam.tabix_index(str(vcf), preset="vcf", force=True)
    text.unlink()
    phenotypes = folder / "n3.phenotypes.tsv"
    rows = ["\t".join([person, *map(repr, map(float, values))]) for person, values in zip(people, data["Y"], strict=True)]
    phenotypes.write_text("\n".join(["\t".join(["sample", *TRAITS]), *rows]) + "\n", encoding="ascii")
    loci = folder / "n3.loci.bed"
    loci.write_text(f"{CONTIG}\t{positions.min() - 1}\t{positions.max()}\t{LOCUS}\n", encoding="ascii")
    return N3Files(vcf, phenotypes, loci)
