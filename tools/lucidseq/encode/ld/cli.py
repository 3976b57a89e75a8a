"""Command line of `lucidseq encode ld`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options, Threads
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import GENOTYPES, LD, LD_SCORES, SUMSTATS
from lucidseq.encode.ld.choices import InputFormat, LdMethod, MatchBy
from lucidseq.encode.options import qc, tool


@dataclass(frozen=True, kw_only=True)
class LdOptions(Options):
    """Compute LD (correlations of effect-allele dosages) from genotypes, or read published matrices.

    Formats: LDGM precision matrices, PLINK's square matrices of r, and the .npz files of UK Biobank and PolyFun.
    """

    genotypes: Annotated[
        Path | None, Option("Genotype store of `lucidseq encode genotypes` (.genotypes.h5)."), In(Format.HDF5, schema=GENOTYPES)
    ] = None
    loci: Annotated[
        Path | None,
        Option(
            "BED file of loci, named in column 4. Default: approximately independent blocks of the genotypes; each matrix of --input is a block."
        ),
        In(Format.BED),
    ] = None
    variants: Annotated[
        Path | None, Option("Summary statistics; only their variants are kept, with their alleles."), In(Format.TSV, schema=SUMSTATS)
    ] = None
    input: Annotated[
        list[Path] | None,
        Option("Published matrix instead of genotypes: LDGM edge list, PLINK square matrix of r, or .npz. Repeat for more files."),
        In(Format.TSV, Format.CSV, Format.NPZ),
    ] = None
    input_variants: Annotated[
        list[Path] | None,
        Option(
            "Variants of each --input, in its order: .snplist, .bim (of PLINK 1.9 run with --keep-allele-order), .pvar, or a table rsid chromosome position allele1 allele2."
        ),
        In(Format.TSV, Format.CSV),
    ] = None
    input_format: Annotated[InputFormat, Option("Format of --input; auto recognises it.")] = InputFormat.AUTO
    contig: Annotated[str | None, Option("Contig of an LDGM, whose list has none; default: chrN of its file name.")] = None
    match: Annotated[
        MatchBy,
        Option(
            "How variants of --input match --variants: by position, or by rsid where builds differ; alleles must agree in either order."
        ),
    ] = MatchBy.POSITION
    n_ref: Annotated[float | None, Option("Samples behind --input; default: unknown.", min=2)] = None
    build: Annotated[str | None, Option("Genome build of --input to store (such as GRCh38); genotypes have their own.")] = None
    trait: Annotated[str | None, Option("Use only samples with this trait, as in its summary statistics.")] = None
    method: Annotated[LdMethod, Option("in-sample: the samples behind the summary statistics; panel: others.")] = LdMethod.IN_SAMPLE
    adjust_covariates: Annotated[bool, Option("Project out the encoded covariates, as in the tests.")] = True
    shrinkage: Annotated[
        str, Option("Weight of the identity matrix, 0 (none) to 1; auto: the weight of least expected error in each block.")
    ] = "0"
    low_rank: Annotated[
        float | None,
        Option("Store the eigenvectors that hold this share of the variance instead of the matrix (such as 0.95).", min=0, max=1),
    ] = None
    min_block: Annotated[int, Option("Fewest variants of a block, without --loci.", min=2)] = 200
    max_block: Annotated[int, Option("Most variants of a block, without --loci; at least twice --min-block.", min=4)] = 5000
    ld_scores: Annotated[bool, Option("Write LD scores of all variants that vary.")] = False
    ld_window: Annotated[float, Option("Window on either side for LD scores and blocks, in kilobases.", min=0.001)] = 1000.0
    threads: Threads = 1


def _methods(options: LdOptions) -> Methods:
    source = (
        "LD was computed as the correlation of effect-allele dosages." if options.input is None else "LD was read from published matrices."
    )
    sentences, papers = [source], []
    if options.input is not None and any("edgelist" in path.name for path in options.input):
        papers.append("Nowbandegani et al. 2023, Nat. Genet. 55:1494 (LDGM)")
    if options.shrinkage not in ("0", "0.0"):
        sentences.append("Correlations were shrunk towards zero.")
        papers.append("Schäfer and Strimmer 2005, Stat. Appl. Genet. Mol. Biol. 4:32 (shrinkage)")
    if options.ld_scores:
        sentences.append("LD scores were computed.")
        papers.append("Bulik-Sullivan et al. 2015, Nat. Genet. 47:291 (LD scores)")
    return Methods(" ".join(sentences), *papers)


ld = tool.command(
    "ld",
    LdOptions,
    run="lucidseq.encode.ld.run:ld",
    outputs={
        "ld": OutFile(".ld.h5", Format.HDF5, "LD store.", schema=LD),
        "qc": qc("ld"),
        "blocks": OutFile(".blocks.bed", Format.BED, "Blocks, without --loci.", optional=True),
        "scores": OutFile(".ldscores.tsv.gz", Format.TSV, "LD scores (--ld-scores).", optional=True, schema=LD_SCORES),
    },
    label="process_low",
    methods=_methods,
)
