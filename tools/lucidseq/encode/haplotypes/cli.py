"""Command line of `lucidseq encode haplotypes`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.haplotypes.choices import Calls, Polarization
from lucidseq.encode.options import Build, qc, tool


@tool.command(run="lucidseq.encode.haplotypes.run:haplotypes")
def haplotypes(
    genotypes: Annotated[
        list[Path],
        typer.Option(
            "--genotypes", help="VCF, BCF, or tree sequence of tskit (.trees, one contig); give the option again for each contig's file."
        ),
        In(Format.VCF, Format.TREES),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            haplotypes=OutFile(".haplotypes.h5", Format.HDF5, "Matrices of alleles with positions.", schema="lucidseq.haplotypes"),
            windows=OutFile(".windows.tsv", Format.TSV, "Sites and accessible bases of each window.", schema="lucidseq.windows"),
            qc=qc("haplotypes"),
        ),
    ],
    windows: Annotated[
        Path | None, typer.Option("--windows", help="BED file of windows; instead of --window-size."), In(Format.BED)
    ] = None,
    window_size: Annotated[
        int | None, typer.Option("--window-size", min=1, help="Length (bp) of windows laid from the start of each contig.")
    ] = None,
    step: Annotated[
        int | None, typer.Option("--step", min=1, help="Distance (bp) between the starts of windows; the window size when not given.")
    ] = None,
    genome: Annotated[
        Path | None,
        typer.Option(
            "--genome", help="BED file of the stretches that --window-size tiles; without it, whole contigs by the header's lengths."
        ),
        In(Format.BED),
    ] = None,
    accessible: Annotated[
        Path | None,
        typer.Option("--accessible", help="BED file of positions that could be called; sites elsewhere are left out."),
        In(Format.BED),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option("--mask", help="BED file of positions that could not be called; sites there are left out."),
        In(Format.BED),
    ] = None,
    min_accessible: Annotated[
        float, typer.Option("--min-accessible", min=0, max=1, help="Least share of accessible bases; windows with less are left out.")
    ] = 0.25,
    min_sites: Annotated[int, typer.Option("--min-sites", min=1, help="Least number of sites; windows with fewer are left out.")] = 1,
    samples: Annotated[
        Path | None,
        typer.Option("--samples", help="Text file of the samples to take, one name a line; all when not given."),
        In(Format.TSV),
    ] = None,
    calls: Annotated[
        Calls,
        typer.Option(
            "--calls", help="haplotypes: a column for each chromosome, phase needed; dosages: one for each individual, phase unread."
        ),
    ] = Calls.HAPLOTYPES,
    polarize: Annotated[
        Polarization,
        typer.Option(
            "--polarize",
            help="Allele that is counted: derived (ancestral), ALT (reference) or the rarer (minor); auto: derived where ancestral alleles are known.",
        ),
    ] = Polarization.AUTO,
    ancestral: Annotated[
        Path | None,
        typer.Option("--ancestral", help="FASTA of ancestral alleles; without it VCF's INFO field AA, tree sequences' own."),
        In(Format.FASTA),
    ] = None,
    confident_ancestral: Annotated[
        bool,
        typer.Option(
            "--confident-ancestral/--no-confident-ancestral",
            help="Take lower-case ancestral alleles, which are inferred with low confidence, as unknown.",
        ),
    ] = False,
    max_missing: Annotated[float, typer.Option("--max-missing", min=0, max=1, help="Largest share of missing calls of a site.")] = 0.1,
    min_minor_count: Annotated[
        int, typer.Option("--min-minor-count", min=1, help="Least copies of the rarer allele; 1 leaves out sites that do not vary.")
    ] = 1,
    build: Build = "unknown",
) -> None:
    """Encode haplotypes or unphased dosages of windows along the genome, with positions.

    Sites are single-nucleotide and biallelic; all samples have the same ploidy.
    """
