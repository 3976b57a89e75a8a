"""Command line of `lucidseq encode haplotypes`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import HAPLOTYPES, WINDOWS
from lucidseq.encode.haplotypes.choices import Calls, PhaseSets, Polarization
from lucidseq.encode.options import Build, qc, tool


@dataclass(frozen=True, kw_only=True)
class HaplotypesOptions(Options):
    """Encode haplotypes or unphased dosages of windows along the genome, with positions.

    Sites are single-nucleotide and biallelic; all samples have the same ploidy.
    """

    genotypes: Annotated[
        list[Path],
        Option("VCF, BCF, or tree sequence of tskit (.trees, one contig). Repeat for the file of each contig."),
        In(Format.VCF, Format.TREES),
    ]
    windows: Annotated[Path | None, Option("BED file of windows; instead of --window-size."), In(Format.BED)] = None
    window_size: Annotated[int | None, Option("Length (bp) of windows from the start of each contig.", min=1)] = None
    step: Annotated[int | None, Option("Distance (bp) between the starts of windows; default: the window size.", min=1)] = None
    genome: Annotated[
        Path | None,
        Option("BED file of the regions that --window-size divides; default: whole contigs, by the lengths in the header."),
        In(Format.BED),
    ] = None
    accessible: Annotated[Path | None, Option("BED file of accessible positions; other sites are removed."), In(Format.BED)] = None
    mask: Annotated[Path | None, Option("BED file of inaccessible positions; sites there are removed."), In(Format.BED)] = None
    min_accessible: Annotated[float, Option("Least share of accessible bases of a window.", min=0, max=1)] = 0.25
    min_sites: Annotated[int, Option("Least number of sites of a window.", min=1)] = 1
    samples: Annotated[Path | None, Option("Text file of the samples to use, one name per line; default: all."), In(Format.TSV)] = None
    calls: Annotated[
        Calls, Option("haplotypes: one column per chromosome copy, from phased calls; dosages: one per sample, phase ignored.")
    ] = Calls.HAPLOTYPES
    phase_sets: Annotated[
        PhaseSets,
        Option(
            "Windows in which a sample has heterozygous calls of several phase sets (PS), whose alleles may not be joined to one haplotype: refuse the file, or break: remove these windows."
        ),
    ] = PhaseSets.REFUSE
    polarize: Annotated[
        Polarization,
        Option(
            "Allele that is counted: derived (ancestral), ALT (reference) or the rarer (minor); auto: derived where ancestral alleles are known."
        ),
    ] = Polarization.AUTO
    ancestral: Annotated[
        Path | None,
        Option("FASTA of ancestral alleles; default: INFO field AA of VCF, ancestral states of tree sequences."),
        In(Format.FASTA),
    ] = None
    confident_ancestral: Annotated[bool, Option("Read lower-case ancestral alleles (low confidence) as unknown.")] = False
    max_missing: Annotated[float, Option("Largest share of missing calls of a site.", min=0, max=1)] = 0.1
    min_minor_count: Annotated[int, Option("Least copies of the rarer allele; 1 removes sites that do not vary.", min=1)] = 1
    build: Build = "unknown"


haplotypes = tool.command(
    "haplotypes",
    HaplotypesOptions,
    run="lucidseq.encode.haplotypes.run:haplotypes",
    outputs={
        "haplotypes": OutFile(".haplotypes.h5", Format.HDF5, "Matrices of alleles with positions.", schema=HAPLOTYPES),
        "windows": OutFile(".windows.tsv", Format.TSV, "Sites and accessible bases of each window.", schema=WINDOWS),
        "qc": qc("haplotypes"),
    },
    methods=Methods("Haplotypes were divided into windows along the genome."),
)
