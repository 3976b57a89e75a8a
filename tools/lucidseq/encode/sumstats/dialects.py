"""The dialects of summary statistics, one entry a program: what its columns mean and which allele its effects belong to.

This table is the only place that knows column names. Reading (`detect`), writing (`export`) and
docs/methods/sumstats.md follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lucidseq.encode.sumstats.choices import Dialect


class Meaning(StrEnum):
    """What a column holds; GWAS-SSF's words where it has one (also the words of --column)."""

    CHROMOSOME = "chromosome"
    POSITION = "base_pair_location"
    NAME = "rsid"
    EFFECT_ALLELE = "effect_allele"
    OTHER_ALLELE = "other_allele"
    REFERENCE = "reference_allele"  # with the next two: the other allele is the one that is not the effect allele
    ALTERNATIVE = "alternative_allele"
    OMITTED = "omitted_allele"
    BETA = "beta"
    ODDS_RATIO = "odds_ratio"
    HAZARD_RATIO = "hazard_ratio"
    STANDARD_ERROR = "standard_error"
    Z = "z"
    CHI_SQUARE = "chi_square"
    P = "p_value"
    NEG_LOG10_P = "neg_log_10_p_value"
    LOG10_P = "log_10_p_value"
    FREQUENCY = "effect_allele_frequency"
    N = "n"
    N_EFFECTIVE = "n_effective"
    N_CASES = "n_cases"
    N_CONTROLS = "n_controls"
    TEST = "test"
    STATE = "state"


TEXTS = frozenset(
    {
        Meaning.CHROMOSOME,
        Meaning.NAME,
        Meaning.EFFECT_ALLELE,
        Meaning.OTHER_ALLELE,
        Meaning.REFERENCE,
        Meaning.ALTERNATIVE,
        Meaning.OMITTED,
        Meaning.TEST,
        Meaning.STATE,
    }
)

_SSF_NUMBERS = {"23": "X", "24": "Y", "25": "MT"}
_PLINK_NUMBERS = {"23": "X", "24": "Y", "25": "X", "26": "MT"}  # 25 is XY, the pseudo-autosomal part of X


@dataclass(frozen=True)
class DialectFacts:
    """What is known of a dialect.

    Attributes
    ----------
    name, title
        Value of --dialect, and words for people.
    effect_allele
        Which allele the effect belongs to, in words.
    source
        Where the program says so.
    signature
        Columns whose presence tells the dialect.
    columns
        Names by meaning; of several the first one in the file is read.
    export
        Header and meaning of each column written; a literal is marked with ``=``.
    z_kind
        What effect / standard error is in this program's output.
    numbers
        Chromosomes that are written as numbers.
    additive
        Values of the test column that stand for the additive effect; other rows are terms of the model.
    working
        Values of the state column of rows that the program could test.
    failing
        Words in the state column of rows that it could not test.
    undefined_ratios
        NA stands for an odds ratio that is not defined, beside a p-value that is.
    by_place
        Columns are known by their place: the program itself does not read its header.
    """

    name: Dialect
    title: str
    effect_allele: str
    source: str
    signature: tuple[str, ...]
    columns: Mapping[Meaning, tuple[str, ...]]
    export: tuple[tuple[str, str], ...] = ()
    z_kind: str = "wald"
    numbers: Mapping[str, str] = field(default_factory=lambda: _PLINK_NUMBERS)
    additive: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    undefined_ratios: bool = False
    by_place: tuple[Meaning, ...] = ()
    separator: str = "\t"


_M = Meaning
_PLINK1 = "https://www.cog-genomics.org/plink/1.9/formats"
_PLINK2 = "https://www.cog-genomics.org/plink/2.0/formats"

GWAS_SSF = DialectFacts(
    Dialect.GWAS_SSF,
    "GWAS-SSF",
    "effect_allele",
    "https://doi.org/10.1101/2022.07.15.500230",
    ("chromosome", "base_pair_location", "effect_allele", "other_allele"),
    {
        _M.CHROMOSOME: ("chromosome",),
        _M.POSITION: ("base_pair_location",),
        _M.NAME: ("rsid", "rs_id", "variant_id"),
        _M.EFFECT_ALLELE: ("effect_allele",),
        _M.OTHER_ALLELE: ("other_allele",),
        _M.BETA: ("beta",),
        _M.ODDS_RATIO: ("odds_ratio",),
        _M.HAZARD_RATIO: ("hazard_ratio",),
        _M.STANDARD_ERROR: ("standard_error",),
        _M.Z: ("z_score", "z-score", "z"),
        _M.P: ("p_value",),
        _M.NEG_LOG10_P: ("neg_log_10_p_value",),
        _M.FREQUENCY: ("effect_allele_frequency",),
        _M.N: ("n",),
        _M.N_EFFECTIVE: ("n_effective", "n_eff"),
        _M.N_CASES: ("n_cases", "num_cases"),
        _M.N_CONTROLS: ("n_controls", "num_controls"),
    },
    (
        ("chromosome", _M.CHROMOSOME),
        ("base_pair_location", _M.POSITION),
        ("effect_allele", _M.EFFECT_ALLELE),
        ("other_allele", _M.OTHER_ALLELE),
        ("beta", _M.BETA),
        ("standard_error", _M.STANDARD_ERROR),
        ("effect_allele_frequency", _M.FREQUENCY),
        ("neg_log_10_p_value", _M.NEG_LOG10_P),
        ("rsid", _M.NAME),
        ("n", _M.N),
    ),
    numbers=_SSF_NUMBERS,
)
LDSC = DialectFacts(
    Dialect.LDSC,
    "LDSC .sumstats",
    "A1 (the sign of Z is A1's)",
    "https://github.com/bulik/ldsc/wiki/Summary-Statistics-File-Format",
    ("SNP", "A1", "A2", "Z", "N"),
    {
        _M.NAME: ("SNP",),
        _M.EFFECT_ALLELE: ("A1",),
        _M.OTHER_ALLELE: ("A2",),
        _M.Z: ("Z",),
        _M.N: ("N",),
        _M.P: ("P",),
        _M.FREQUENCY: ("FRQ",),
    },
    (("SNP", _M.NAME), ("A1", _M.EFFECT_ALLELE), ("A2", _M.OTHER_ALLELE), ("Z", _M.Z), ("N", _M.N)),
)
PLINK1_REGRESSION = DialectFacts(
    Dialect.PLINK1_REGRESSION,
    "PLINK 1.9 .assoc.linear / .assoc.logistic",
    "A1 (the other allele is in the .bim alone)",
    f"{_PLINK1}#assoc_linear",
    ("CHR", "SNP", "BP", "A1", "TEST", "NMISS"),
    {
        _M.CHROMOSOME: ("CHR",),
        _M.NAME: ("SNP",),
        _M.POSITION: ("BP",),
        _M.EFFECT_ALLELE: ("A1",),
        _M.OTHER_ALLELE: ("A2",),
        _M.TEST: ("TEST",),
        _M.N: ("NMISS",),
        _M.BETA: ("BETA",),
        _M.ODDS_RATIO: ("OR",),
        _M.STANDARD_ERROR: ("SE",),
        _M.Z: ("STAT",),
        _M.P: ("P",),
    },
    (
        ("CHR", _M.CHROMOSOME),
        ("SNP", _M.NAME),
        ("BP", _M.POSITION),
        ("A1", _M.EFFECT_ALLELE),
        ("TEST", "=ADD"),
        ("NMISS", _M.N),
        ("BETA", _M.BETA),
        ("SE", _M.STANDARD_ERROR),
        ("STAT", _M.Z),
        ("P", _M.P),
    ),
    z_kind="t",
    additive=("ADD",),
    separator=" ",
)
PLINK1_ASSOC = DialectFacts(
    Dialect.PLINK1_ASSOC,
    "PLINK 1.9 .assoc (case/control)",
    "A1",
    f"{_PLINK1}#assoc",
    ("CHR", "SNP", "BP", "A1", "F_A", "F_U", "A2"),
    {
        _M.CHROMOSOME: ("CHR",),
        _M.NAME: ("SNP",),
        _M.POSITION: ("BP",),
        _M.EFFECT_ALLELE: ("A1",),
        _M.OTHER_ALLELE: ("A2",),
        _M.ODDS_RATIO: ("OR",),
        _M.STANDARD_ERROR: ("SE",),
        _M.CHI_SQUARE: ("CHISQ",),
        _M.P: ("P",),
    },
    (
        ("CHR", _M.CHROMOSOME),
        ("SNP", _M.NAME),
        ("BP", _M.POSITION),
        ("A1", _M.EFFECT_ALLELE),
        ("F_A", "=NA"),
        ("F_U", "=NA"),
        ("A2", _M.OTHER_ALLELE),
        ("CHISQ", _M.CHI_SQUARE),
        ("P", _M.P),
        ("OR", _M.ODDS_RATIO),
        ("SE", _M.STANDARD_ERROR),
    ),
    undefined_ratios=True,
    separator=" ",
)
PLINK1_QASSOC = DialectFacts(
    Dialect.PLINK1_QASSOC,
    "PLINK 1.9 .qassoc",
    "A1 of the .bim (the file names no allele; PLINK counts the rarer one unless it ran with --keep-allele-order)",
    f"{_PLINK1}#qassoc",
    ("CHR", "SNP", "BP", "NMISS", "BETA", "SE", "R2", "T"),
    {
        _M.CHROMOSOME: ("CHR",),
        _M.NAME: ("SNP",),
        _M.POSITION: ("BP",),
        _M.N: ("NMISS",),
        _M.BETA: ("BETA",),
        _M.STANDARD_ERROR: ("SE",),
        _M.Z: ("T",),
        _M.P: ("P",),
    },
    (
        ("CHR", _M.CHROMOSOME),
        ("SNP", _M.NAME),
        ("BP", _M.POSITION),
        ("NMISS", _M.N),
        ("BETA", _M.BETA),
        ("SE", _M.STANDARD_ERROR),
        ("R2", "=NA"),
        ("T", _M.Z),
        ("P", _M.P),
    ),
    z_kind="t",
    separator=" ",
)
PLINK2 = DialectFacts(
    Dialect.PLINK2,
    "PLINK 2 .glm.linear / .glm.logistic(.hybrid) / .glm.firth",
    "A1 (the tested allele, REF or ALT); the other is OMITTED, else the one of REF and ALT that is not A1",
    f"{_PLINK2}#glm_linear",
    ("CHROM", "POS", "REF", "ALT", "A1", "OBS_CT"),
    {
        _M.CHROMOSOME: ("CHROM",),
        _M.POSITION: ("POS",),
        _M.NAME: ("ID",),
        _M.EFFECT_ALLELE: ("A1",),
        _M.OMITTED: ("OMITTED", "AX"),
        _M.REFERENCE: ("REF",),
        _M.ALTERNATIVE: ("ALT",),
        _M.TEST: ("TEST",),
        _M.N: ("OBS_CT",),
        _M.BETA: ("BETA",),
        _M.ODDS_RATIO: ("OR",),
        _M.STANDARD_ERROR: ("SE", "LOG(OR)_SE"),
        _M.Z: ("T_STAT", "Z_STAT"),
        _M.P: ("P",),
        _M.NEG_LOG10_P: ("NEG_LOG10_P", "LOG10_P"),
        _M.FREQUENCY: ("A1_FREQ",),
        _M.STATE: ("ERRCODE",),
    },
    (
        ("#CHROM", _M.CHROMOSOME),
        ("POS", _M.POSITION),
        ("ID", _M.NAME),
        ("REF", _M.OTHER_ALLELE),
        ("ALT", _M.EFFECT_ALLELE),
        ("A1", _M.EFFECT_ALLELE),
        ("OMITTED", _M.OTHER_ALLELE),
        ("A1_FREQ", _M.FREQUENCY),
        ("TEST", "=ADD"),
        ("OBS_CT", _M.N),
        ("BETA", _M.BETA),
        ("SE", _M.STANDARD_ERROR),
        ("T_STAT", _M.Z),
        ("P", _M.P),
        ("ERRCODE", "=."),
    ),
    z_kind="t",
    additive=("ADD",),
    working=(".",),
)
REGENIE = DialectFacts(
    Dialect.REGENIE,
    "regenie step 2",
    "ALLELE1",
    "https://rgcgithub.github.io/regenie/options/#output",
    ("CHROM", "GENPOS", "ID", "ALLELE0", "ALLELE1"),
    {
        _M.CHROMOSOME: ("CHROM",),
        _M.POSITION: ("GENPOS",),
        _M.NAME: ("ID",),
        _M.EFFECT_ALLELE: ("ALLELE1",),
        _M.OTHER_ALLELE: ("ALLELE0",),
        _M.FREQUENCY: ("A1FREQ",),
        _M.N: ("N",),
        _M.N_CASES: ("N_CASES",),
        _M.N_CONTROLS: ("N_CONTROLS",),
        _M.TEST: ("TEST",),
        _M.BETA: ("BETA",),
        _M.STANDARD_ERROR: ("SE",),
        _M.CHI_SQUARE: ("CHISQ",),
        _M.NEG_LOG10_P: ("LOG10P",),
        _M.STATE: ("EXTRA",),
    },
    (
        ("CHROM", _M.CHROMOSOME),
        ("GENPOS", _M.POSITION),
        ("ID", _M.NAME),
        ("ALLELE0", _M.OTHER_ALLELE),
        ("ALLELE1", _M.EFFECT_ALLELE),
        ("A1FREQ", _M.FREQUENCY),
        ("N", _M.N),
        ("TEST", "=ADD"),
        ("BETA", _M.BETA),
        ("SE", _M.STANDARD_ERROR),
        ("CHISQ", _M.CHI_SQUARE),
        ("LOG10P", _M.NEG_LOG10_P),
        ("EXTRA", "=NA"),
    ),
    z_kind="score",
    additive=("ADD",),
    failing=("TEST_FAIL",),
    separator=" ",
)
SAIGE = DialectFacts(
    Dialect.SAIGE,
    "SAIGE step 2",
    "Allele2",
    "https://github.com/weizhouUMICH/SAIGE/issues/176",
    ("CHR", "POS", "Allele1", "Allele2", "Tstat", "p.value"),
    {
        _M.CHROMOSOME: ("CHR",),
        _M.POSITION: ("POS",),
        _M.NAME: ("MarkerID", "SNPID", "rsid"),
        _M.EFFECT_ALLELE: ("Allele2",),
        _M.OTHER_ALLELE: ("Allele1",),
        _M.FREQUENCY: ("AF_Allele2",),
        _M.N: ("N",),
        _M.N_CASES: ("N_case", "N.Cases"),
        _M.N_CONTROLS: ("N_ctrl", "N.Controls"),
        _M.BETA: ("BETA",),
        _M.STANDARD_ERROR: ("SE",),
        _M.P: ("p.value",),
    },
    (
        ("CHR", _M.CHROMOSOME),
        ("POS", _M.POSITION),
        ("MarkerID", _M.NAME),
        ("Allele1", _M.OTHER_ALLELE),
        ("Allele2", _M.EFFECT_ALLELE),
        ("AF_Allele2", _M.FREQUENCY),
        ("BETA", _M.BETA),
        ("SE", _M.STANDARD_ERROR),
        ("Tstat", "=NA"),
        ("p.value", _M.P),
        ("N", _M.N),
    ),
    z_kind="score",
)
BOLT_LMM = DialectFacts(
    Dialect.BOLT_LMM,
    "BOLT-LMM",
    "ALLELE1",
    "https://alkesgroup.broadinstitute.org/BOLT-LMM/BOLT-LMM_manual.html#x1-480008.1",
    ("SNP", "CHR", "BP", "ALLELE1", "ALLELE0", "A1FREQ"),
    {
        _M.NAME: ("SNP",),
        _M.CHROMOSOME: ("CHR",),
        _M.POSITION: ("BP",),
        _M.EFFECT_ALLELE: ("ALLELE1",),
        _M.OTHER_ALLELE: ("ALLELE0",),
        _M.FREQUENCY: ("A1FREQ",),
        _M.BETA: ("BETA",),
        _M.STANDARD_ERROR: ("SE",),
        _M.P: ("P_BOLT_LMM", "P_BOLT_LMM_INF", "P_LINREG"),
        _M.CHI_SQUARE: ("CHISQ_BOLT_LMM", "CHISQ_BOLT_LMM_INF"),
        _M.N: ("N",),
    },
    (
        ("SNP", _M.NAME),
        ("CHR", _M.CHROMOSOME),
        ("BP", _M.POSITION),
        ("GENPOS", "=0"),
        ("ALLELE1", _M.EFFECT_ALLELE),
        ("ALLELE0", _M.OTHER_ALLELE),
        ("A1FREQ", _M.FREQUENCY),
        ("BETA", _M.BETA),
        ("SE", _M.STANDARD_ERROR),
        ("CHISQ_BOLT_LMM_INF", _M.CHI_SQUARE),
        ("P_BOLT_LMM_INF", _M.P),
        ("N", _M.N),
    ),
    z_kind="score",
)
COJO = DialectFacts(
    Dialect.COJO,
    "GCTA-COJO .ma",
    "A1",
    "https://yanglab.westlake.edu.cn/software/gcta/#COJO",
    ("SNP", "A1", "A2", "freq", "b", "se", "p", "N"),
    {
        _M.NAME: ("SNP",),
        _M.EFFECT_ALLELE: ("A1",),
        _M.OTHER_ALLELE: ("A2",),
        _M.FREQUENCY: ("freq",),
        _M.BETA: ("b",),
        _M.STANDARD_ERROR: ("se",),
        _M.P: ("p",),
        _M.N: ("N",),
    },
    (
        ("SNP", _M.NAME),
        ("A1", _M.EFFECT_ALLELE),
        ("A2", _M.OTHER_ALLELE),
        ("freq", _M.FREQUENCY),
        ("b", _M.BETA),
        ("se", _M.STANDARD_ERROR),
        ("p", _M.P),
        ("N", _M.N),
    ),
    by_place=(_M.NAME, _M.EFFECT_ALLELE, _M.OTHER_ALLELE, _M.FREQUENCY, _M.BETA, _M.STANDARD_ERROR, _M.P, _M.N),
)
FASTGWA = DialectFacts(
    Dialect.FASTGWA,
    "GCTA fastGWA",
    "A1",
    "https://yanglab.westlake.edu.cn/software/gcta/#fastGWA",
    ("CHR", "SNP", "POS", "A1", "A2", "N", "AF1"),
    {
        _M.CHROMOSOME: ("CHR",),
        _M.NAME: ("SNP",),
        _M.POSITION: ("POS",),
        _M.EFFECT_ALLELE: ("A1",),
        _M.OTHER_ALLELE: ("A2",),
        _M.N: ("N",),
        _M.FREQUENCY: ("AF1",),
        _M.BETA: ("BETA",),
        _M.STANDARD_ERROR: ("SE",),
        _M.P: ("P",),
    },
    (
        ("CHR", _M.CHROMOSOME),
        ("SNP", _M.NAME),
        ("POS", _M.POSITION),
        ("A1", _M.EFFECT_ALLELE),
        ("A2", _M.OTHER_ALLELE),
        ("N", _M.N),
        ("AF1", _M.FREQUENCY),
        ("BETA", _M.BETA),
        ("SE", _M.STANDARD_ERROR),
        ("P", _M.P),
    ),
    z_kind="score",
)
METAL = DialectFacts(
    Dialect.METAL,
    "METAL",
    "Allele1 (lower case)",
    "https://github.com/statgen/METAL/issues/35",
    ("MarkerName", "Allele1", "Allele2", "Direction"),
    {
        _M.CHROMOSOME: ("Chromosome",),
        _M.POSITION: ("Position",),
        _M.NAME: ("MarkerName",),
        _M.EFFECT_ALLELE: ("Allele1",),
        _M.OTHER_ALLELE: ("Allele2",),
        _M.FREQUENCY: ("Freq1",),
        _M.BETA: ("Effect",),
        _M.STANDARD_ERROR: ("StdErr",),
        _M.Z: ("Zscore",),
        _M.P: ("P-value", "P.value"),
        _M.LOG10_P: ("log(P)",),
        _M.N: ("N", "Weight", "TotalSampleSize"),
    },
    (
        ("Chromosome", _M.CHROMOSOME),
        ("Position", _M.POSITION),
        ("MarkerName", _M.NAME),
        ("Allele1", _M.EFFECT_ALLELE),
        ("Allele2", _M.OTHER_ALLELE),
        ("Freq1", _M.FREQUENCY),
        ("Effect", _M.BETA),
        ("StdErr", _M.STANDARD_ERROR),
        ("P-value", _M.P),
        ("Direction", "=?"),
        ("N", _M.N),
    ),
)
POLYFUN = DialectFacts(
    Dialect.POLYFUN,
    "PolyFun (text or parquet)",
    "A1 (the sign of Z is A1's)",
    "https://github.com/omerwe/polyfun/wiki/1.-Computing-prior-causal-probabilities-with-PolyFun",
    ("SNP", "CHR", "BP", "A1", "A2", "Z", "N"),
    {
        _M.NAME: ("SNP",),
        _M.CHROMOSOME: ("CHR",),
        _M.POSITION: ("BP",),
        _M.EFFECT_ALLELE: ("A1",),
        _M.OTHER_ALLELE: ("A2",),
        _M.Z: ("Z",),
        _M.N: ("N",),
        _M.P: ("P",),
    },
    (
        ("SNP", _M.NAME),
        ("CHR", _M.CHROMOSOME),
        ("BP", _M.POSITION),
        ("A1", _M.EFFECT_ALLELE),
        ("A2", _M.OTHER_ALLELE),
        ("Z", _M.Z),
        ("N", _M.N),
    ),
)
GWAS_VCF = DialectFacts(
    Dialect.GWAS_VCF,
    "GWAS-VCF",
    "ALT",
    "https://github.com/MRCIEU/gwas-vcf-specification",
    ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"),
    {
        _M.CHROMOSOME: ("CHROM",),
        _M.POSITION: ("POS",),
        _M.NAME: ("ID",),
        _M.EFFECT_ALLELE: ("ALT",),
        _M.OTHER_ALLELE: ("REF",),
        _M.BETA: ("ES",),
        _M.STANDARD_ERROR: ("SE",),
        _M.NEG_LOG10_P: ("LP",),
        _M.FREQUENCY: ("AF",),
        _M.N: ("SS", "NS"),
        _M.Z: ("EZ",),
        _M.N_CASES: ("NC",),
        _M.N_EFFECTIVE: ("NE",),
    },
    (("ES", _M.BETA), ("SE", _M.STANDARD_ERROR), ("LP", _M.NEG_LOG10_P), ("AF", _M.FREQUENCY), ("SS", _M.N)),
    numbers=_SSF_NUMBERS,
)
CUSTOM = DialectFacts(Dialect.CUSTOM, "columns named by --column", "the column named effect_allele", "docs/methods/sumstats.md", (), {})

DIALECTS: dict[Dialect, DialectFacts] = {
    facts.name: facts
    for facts in (
        GWAS_SSF,
        LDSC,
        PLINK1_REGRESSION,
        PLINK1_ASSOC,
        PLINK1_QASSOC,
        PLINK2,
        REGENIE,
        SAIGE,
        BOLT_LMM,
        COJO,
        FASTGWA,
        METAL,
        POLYFUN,
        GWAS_VCF,
        CUSTOM,
    )
}
