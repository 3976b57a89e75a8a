"""One simulated study, written as each program writes its results. What writes shares nothing with the code under test.

Every row knows its effect allele, which is the genome's allele in half of the rows. Numbers are written with all their digits, so
that what is read back can be compared exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from typer.testing import CliRunner

from lucidseq.core.shell import command_line
from lucidseq.encode.cli import tool

CONTIGS = ("1", "2", "X")
LENGTH = 30_000
BASES = "ACGT"
COMPLEMENT = str.maketrans("ACGT", "TGCA")
CASES, CONTROLS = 4_000, 16_000


def encode_here(*words: object) -> None:
    """Run ``lucidseq encode sumstats WORDS`` in this process; it must succeed."""
    result = CliRunner().invoke(command_line(tool), ["sumstats", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@dataclass(frozen=True)
class Study:
    """Rows of a study (chromosome, position, name, ref, alt, effect, other, beta, se, z, tail, frequency, n) and its genome."""

    rows: pd.DataFrame
    genome: dict[str, str]

    def write_fasta(self, path: Path) -> Path:
        """Write the genome, contigs named chr1, chr2, chrX."""
        path.write_text("".join(f">chr{contig}\n{bases}\n" for contig, bases in self.genome.items()))
        return path

    def write_bim(self, path: Path, *, effect_first: bool = True) -> Path:
        """Write the variants as .bim; A1 is the effect allele, or the alternative one."""
        with path.open("w") as handle:
            for row in self.rows.itertuples():
                first = row.effect if effect_first else row.alt
                second = row.other if effect_first else row.ref
                handle.write(f"{row.chromosome}\t{row.name}\t0\t{row.position}\t{first}\t{second}\n")
        return path

    def write_panel(self, path: Path, *, decimals: int = 6) -> Path:
        """Write the variants as a table with frequencies of the alternative allele."""
        frequency = np.where(self.rows["effect"] == self.rows["alt"], self.rows["frequency"], 1 - self.rows["frequency"])
        frame = self.rows.assign(af=np.round(frequency, decimals))[["chromosome", "position", "name", "alt", "ref", "af"]]
        frame.set_axis(["chromosome", "base_pair_location", "rsid", "effect_allele", "other_allele", "frequency"], axis=1).to_csv(
            path, sep="\t", index=False
        )
        return path


def simulate(seed: int = 1, variants: int = 300, indels: bool = True) -> Study:
    """Draw a genome and a study on it: SNPs of every kind, and, if wanted, insertions and deletions."""
    rng = np.random.default_rng(seed)
    genome = {contig: "".join(rng.choice(list(BASES), LENGTH)) for contig in CONTIGS}
    records = []
    for contig, bases in genome.items():
        for position in np.sort(rng.choice(np.arange(100, LENGTH - 100), variants // len(CONTIGS), replace=False)):
            ref = bases[position - 1]
            alt = str(rng.choice([base for base in BASES if base != ref]))
            kind = rng.random() if indels else 1.0
            if kind < 0.03:  # insertion
                alt = ref + alt
            elif kind < 0.06:  # deletion
                ref, alt = bases[position - 1 : position + 2], ref
            records.append((contig, int(position), ref, alt))
    rows = pd.DataFrame(records, columns=["chromosome", "position", "ref", "alt"])
    size = len(rows)
    rows["name"] = [f"rs{1000 + 7 * index}" for index in range(size)]
    alternative = rng.random(size) < 0.5
    rows["effect"] = np.where(alternative, rows["alt"], rows["ref"])
    rows["other"] = np.where(alternative, rows["ref"], rows["alt"])
    rows["frequency"] = rng.uniform(0.05, 0.95, size)
    rows["n"] = rng.integers(18_000, 20_001, size)
    rows["se"] = 1 / np.sqrt(2 * rows["frequency"] * (1 - rows["frequency"]) * rows["n"])
    rows["z"] = rng.normal(size=size)
    rows.loc[5, "z"], rows.loc[6, "z"] = 50.0, -41.0  # p far below the smallest float
    rows["beta"] = rows["z"] * rows["se"]
    rows["tail"] = -(stats.norm.logsf(np.abs(rows["z"])) + math.log(2)) / math.log(10)
    return Study(rows, genome)


def p_text(tail: float) -> str:
    """Write a p-value with all its digits, however small."""
    if tail < 290:
        return repr(10.0**-tail)
    power = math.ceil(tail)
    return f"{10 ** (power - tail):.15g}e-{power}"


Columns = dict[str, Sequence[object]]


def _table(path: Path, columns: Columns, separator: str = "\t", mark: str = "NA") -> Path:
    frame = pd.DataFrame(
        {name: [repr(float(v)) if isinstance(v, float | np.floating) else str(v) for v in values] for name, values in columns.items()}
    )
    lines = [separator.join(columns), *(separator.join(row) for row in frame.itertuples(index=False))]
    path.write_text("\n".join(line.replace("nan", mark) for line in lines) + "\n")
    return path


def _padded(path: Path, columns: Columns) -> Path:
    """Write columns right-justified with spaces, as PLINK 1.9 does."""
    texts = {name: [repr(float(v)) if isinstance(v, float | np.floating) else str(v) for v in values] for name, values in columns.items()}
    widths = {name: max(map(len, [name, *values])) + 2 for name, values in texts.items()}
    lines = ["".join(name.rjust(widths[name]) for name in texts)]
    lines += [
        "".join(value.rjust(width) for value, width in zip(row, widths.values(), strict=True)) for row in zip(*texts.values(), strict=True)
    ]
    path.write_text(" \n".join(lines) + " \n")
    return path


def _numbered(rows: pd.DataFrame) -> list[str]:
    return [{"X": "23"}.get(contig, contig) for contig in rows["chromosome"]]


def _p(rows: pd.DataFrame) -> list[str]:
    return [p_text(tail) for tail in rows["tail"]]


def gwas_ssf(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "chromosome": _numbered(rows),
            "base_pair_location": rows["position"],
            "effect_allele": rows["effect"],
            "other_allele": rows["other"],
            "beta": rows["beta"],
            "standard_error": rows["se"],
            "effect_allele_frequency": rows["frequency"],
            "p_value": _p(rows),
            "rsid": rows["name"],
            "n": rows["n"],
        },
    )


def gwas_ssf_odds(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "chromosome": _numbered(rows),
            "base_pair_location": rows["position"],
            "effect_allele": rows["effect"],
            "other_allele": rows["other"],
            "odds_ratio": np.exp(rows["beta"]),
            "standard_error": rows["se"],
            "effect_allele_frequency": rows["frequency"],
            "neg_log_10_p_value": rows["tail"],
            "variant_id": rows["name"],
            "n": rows["n"],
        },
    )


def ldsc(rows: pd.DataFrame, path: Path) -> Path:
    return _table(path, {"SNP": rows["name"], "A1": rows["effect"], "A2": rows["other"], "Z": rows["z"], "N": rows["n"]})


def polyfun(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "CHR": _numbered(rows),
            "SNP": rows["name"],
            "BP": rows["position"],
            "A1": rows["effect"],
            "A2": rows["other"],
            "SNPVAR": np.full(len(rows), 1e-6),
            "Z": rows["z"],
            "N": rows["n"],
        },
        " ",
    )


def plink1_linear(rows: pd.DataFrame, path: Path) -> Path:
    """Without --ci there is no SE; each variant has rows of its covariates too, and an untested one is NA."""
    twice = rows.loc[rows.index.repeat(2)].reset_index(drop=True)
    covariate = np.arange(len(twice)) % 2 == 1
    p = [p_text(tail) if not other else "0.5" for tail, other in zip(twice["tail"], covariate, strict=True)]
    return _padded(
        path,
        {
            "CHR": _numbered(twice),
            "SNP": twice["name"],
            "BP": twice["position"],
            "A1": twice["effect"],
            "TEST": np.where(covariate, "COV1", "ADD"),
            "NMISS": twice["n"],
            "BETA": np.where(covariate, 9.0, twice["beta"]),
            "STAT": np.where(covariate, 3.0, twice["z"]),
            "P": p,
        },
    )


def plink1_logistic(rows: pd.DataFrame, path: Path) -> Path:
    return _padded(
        path,
        {
            "CHR": _numbered(rows),
            "SNP": rows["name"],
            "BP": rows["position"],
            "A1": rows["effect"],
            "TEST": ["ADD"] * len(rows),
            "NMISS": rows["n"],
            "OR": np.exp(rows["beta"]),
            "SE": rows["se"],
            "L95": np.exp(rows["beta"] - 1.96 * rows["se"]),
            "U95": np.exp(rows["beta"] + 1.96 * rows["se"]),
            "STAT": rows["z"],
            "P": _p(rows),
        },
    )


def plink1_assoc(rows: pd.DataFrame, path: Path) -> Path:
    return _padded(
        path,
        {
            "CHR": _numbered(rows),
            "SNP": rows["name"],
            "BP": rows["position"],
            "A1": rows["effect"],
            "F_A": rows["frequency"],
            "F_U": rows["frequency"],
            "A2": rows["other"],
            "CHISQ": rows["z"] ** 2,
            "P": _p(rows),
            "OR": np.exp(rows["beta"]),
        },
    )


def plink1_qassoc(rows: pd.DataFrame, path: Path) -> Path:
    return _padded(
        path,
        {
            "CHR": _numbered(rows),
            "SNP": rows["name"],
            "BP": rows["position"],
            "NMISS": rows["n"],
            "BETA": rows["beta"],
            "SE": rows["se"],
            "R2": np.full(len(rows), 0.1),
            "T": rows["z"],
            "P": _p(rows),
        },
    )


def plink2_linear(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "#CHROM": rows["chromosome"],
            "POS": rows["position"],
            "ID": rows["name"],
            "REF": rows["ref"],
            "ALT": rows["alt"],
            "PROVISIONAL_REF?": ["N"] * len(rows),
            "A1": rows["effect"],
            "OMITTED": rows["other"],
            "A1_FREQ": rows["frequency"],
            "TEST": ["ADD"] * len(rows),
            "OBS_CT": rows["n"],
            "BETA": rows["beta"],
            "SE": rows["se"],
            "T_STAT": rows["z"],
            "P": _p(rows),
            "ERRCODE": ["."] * len(rows),
        },
    )


def plink2_logistic(rows: pd.DataFrame, path: Path) -> Path:
    """As .glm.logistic.hybrid of older versions: no OMITTED; one variant that failed."""
    failed = np.arange(len(rows)) == 3

    def with_missing(values: Sequence[float]) -> list[object]:
        return ["NA" if bad else value for value, bad in zip(values, failed, strict=True)]

    return _table(
        path,
        {
            "#CHROM": rows["chromosome"],
            "POS": rows["position"],
            "ID": rows["name"],
            "REF": rows["ref"],
            "ALT": rows["alt"],
            "A1": rows["effect"],
            "FIRTH?": ["N"] * len(rows),
            "TEST": ["ADD"] * len(rows),
            "OBS_CT": rows["n"],
            "OR": with_missing(np.exp(rows["beta"])),
            "LOG(OR)_SE": with_missing(rows["se"]),
            "Z_STAT": with_missing(rows["z"]),
            "LOG10_P": with_missing(rows["tail"]),
            "ERRCODE": np.where(failed, "CONST_ALLELE", "."),
        },
    )


def regenie(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "CHROM": _numbered(rows),
            "GENPOS": rows["position"],
            "ID": rows["name"],
            "ALLELE0": rows["other"],
            "ALLELE1": rows["effect"],
            "A1FREQ": rows["frequency"],
            "INFO": np.full(len(rows), 0.99),
            "N": rows["n"],
            "TEST": ["ADD"] * len(rows),
            "BETA": rows["beta"],
            "SE": rows["se"],
            "CHISQ": rows["z"] ** 2,
            "LOG10P": rows["tail"],
            "EXTRA": np.where(np.arange(len(rows)) == 4, "TEST_FAIL", "NA"),
        },
        " ",
    )


def saige(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "CHR": rows["chromosome"],
            "POS": rows["position"],
            "MarkerID": rows["name"],
            "Allele1": rows["other"],
            "Allele2": rows["effect"],
            "AC_Allele2": rows["n"],
            "AF_Allele2": rows["frequency"],
            "MissingRate": [0] * len(rows),
            "BETA": rows["beta"],
            "SE": rows["se"],
            "Tstat": rows["beta"],
            "var": rows["se"],
            "p.value": _p(rows),
            "N": rows["n"],
        },
    )


def saige_binary(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "CHR": rows["chromosome"],
            "POS": rows["position"],
            "MarkerID": rows["name"],
            "Allele1": rows["other"],
            "Allele2": rows["effect"],
            "AC_Allele2": rows["n"],
            "AF_Allele2": rows["frequency"],
            "BETA": rows["beta"],
            "SE": rows["se"],
            "Tstat": rows["beta"],
            "var": rows["se"],
            "p.value": _p(rows),
            "p.value.NA": _p(rows),
            "Is.SPA": ["true"] * len(rows),
            "AF_case": rows["frequency"],
            "AF_ctrl": rows["frequency"],
            "N_case": [CASES] * len(rows),
            "N_ctrl": [CONTROLS] * len(rows),
        },
    )


def bolt_lmm(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "SNP": rows["name"],
            "CHR": _numbered(rows),
            "BP": rows["position"],
            "GENPOS": [0] * len(rows),
            "ALLELE1": rows["effect"],
            "ALLELE0": rows["other"],
            "A1FREQ": rows["frequency"],
            "INFO": [1] * len(rows),
            "CHISQ_LINREG": rows["z"] ** 2,
            "P_LINREG": _p(rows),
            "BETA": rows["beta"],
            "SE": rows["se"],
            "CHISQ_BOLT_LMM_INF": rows["z"] ** 2,
            "P_BOLT_LMM_INF": _p(rows),
        },
    )


def cojo(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "SNP": rows["name"],
            "A1": rows["effect"],
            "A2": rows["other"],
            "freq": rows["frequency"],
            "b": rows["beta"],
            "se": rows["se"],
            "p": _p(rows),
            "N": rows["n"],
        },
        " ",
    )


def fastgwa(rows: pd.DataFrame, path: Path) -> Path:
    return _table(
        path,
        {
            "CHR": _numbered(rows),
            "SNP": rows["name"],
            "POS": rows["position"],
            "A1": rows["effect"],
            "A2": rows["other"],
            "N": rows["n"],
            "AF1": rows["frequency"],
            "BETA": rows["beta"],
            "SE": rows["se"],
            "P": _p(rows),
        },
    )


def metal_effects(rows: pd.DataFrame, path: Path) -> Path:
    """SCHEME STDERR with TRACKPOSITIONS; alleles in small letters."""
    return _table(
        path,
        {
            "Chromosome": rows["chromosome"],
            "Position": rows["position"],
            "MarkerName": rows["name"],
            "Allele1": rows["effect"].str.lower(),
            "Allele2": rows["other"].str.lower(),
            "Freq1": rows["frequency"],
            "FreqSE": np.zeros(len(rows)),
            "Effect": rows["beta"],
            "StdErr": rows["se"],
            "P-value": _p(rows),
            "Direction": ["++?"] * len(rows),
            "N": rows["n"],
        },
    )


def metal_z(rows: pd.DataFrame, path: Path) -> Path:
    """SCHEME SAMPLESIZE, names of the form contig:position."""
    return _table(
        path,
        {
            "MarkerName": rows["chromosome"] + ":" + rows["position"].astype(str),
            "Allele1": rows["effect"].str.lower(),
            "Allele2": rows["other"].str.lower(),
            "Weight": rows["n"].astype(float),
            "Zscore": rows["z"],
            "P-value": _p(rows),
            "Direction": ["+-"] * len(rows),
        },
    )


def gwas_vcf(rows: pd.DataFrame, path: Path) -> Path:
    """ALT is the effect allele: rows whose effect allele is the genome's are turned, as gwas2vcf does."""
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={contig},length={LENGTH}>" for contig in CONTIGS)]
    lines += [f'##FORMAT=<ID={name},Number=A,Type=Float,Description="x">' for name in ("ES", "SE", "LP", "AF", "SS")]
    lines += ['##FORMAT=<ID=ID,Number=1,Type=String,Description="x">']
    lines.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "ieu-a-2"]))
    for index, row in enumerate(rows.itertuples()):
        sign = 1 if row.effect == row.alt else -1
        frequency = row.frequency if sign == 1 else 1 - row.frequency
        values = {
            "ES": repr(sign * row.beta),
            "SE": repr(row.se),
            "LP": repr(row.tail),
            "AF": repr(frequency),
            "SS": str(row.n),
            "ID": row.name,
        }
        keys = list(values) if index % 3 else ["SS", "ES", "SE", "LP", "AF"]  # the order may change from row to row
        sample = ":".join(values[key] for key in keys)
        lines.append("\t".join([row.chromosome, str(row.position), row.name, row.ref, row.alt, ".", "PASS", ".", ":".join(keys), sample]))
    path.write_text("\n".join(lines) + "\n")
    return path


@dataclass(frozen=True)
class Written:
    """How one program's file is made, and what can be got back from it.

    Attributes
    ----------
    write
        Writes rows.
    dialect
        What it should be told to be.
    n
        The file has sample sizes; without, --n is given.
    frequency
        The file has frequencies.
    scale
        Effects are in the file (else they come from z).
    panel
        It needs a .bim: for positions or alleles.
    lost
        Rows that the program itself marks as not tested.
    z_kind
        What z is said to be.
    named
        The dialect must be named: the file alone does not tell its effect alleles.
    """

    write: Callable[[pd.DataFrame, Path], Path]
    dialect: str
    n: bool = True
    frequency: bool = True
    scale: bool = True
    panel: bool = False
    lost: int = 0
    z_kind: str = "wald"
    named: bool = False


WRITTEN = {
    "gwas-ssf": Written(gwas_ssf, "gwas-ssf"),
    "gwas-ssf-odds": Written(gwas_ssf_odds, "gwas-ssf"),
    "ldsc": Written(ldsc, "ldsc", frequency=False, scale=False, panel=True),
    "polyfun": Written(polyfun, "polyfun", frequency=False, scale=False),
    "plink1-linear": Written(plink1_linear, "plink1-regression", frequency=False, panel=True, z_kind="t"),
    "plink1-logistic": Written(plink1_logistic, "plink1-regression", frequency=False, panel=True),
    "plink1-assoc": Written(plink1_assoc, "plink1-assoc", n=False, frequency=False),
    "plink1-qassoc": Written(plink1_qassoc, "plink1-qassoc", frequency=False, panel=True, z_kind="t", named=True),
    "plink2-linear": Written(plink2_linear, "plink2", z_kind="t"),
    "plink2-logistic": Written(plink2_logistic, "plink2", frequency=False, lost=1),
    "regenie": Written(regenie, "regenie", lost=1, z_kind="score"),
    "saige": Written(saige, "saige", z_kind="score"),
    "saige-binary": Written(saige_binary, "saige", z_kind="score"),
    "bolt-lmm": Written(bolt_lmm, "bolt-lmm", n=False, z_kind="score"),
    "cojo": Written(cojo, "cojo", panel=True),
    "fastgwa": Written(fastgwa, "fastgwa", z_kind="score"),
    "metal-effects": Written(metal_effects, "metal"),
    "metal-z": Written(metal_z, "metal", frequency=False, scale=False),
    "gwas-vcf": Written(gwas_vcf, "gwas-vcf"),
}
