"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class GenotypeField(StrEnum):
    """Which FORMAT field of a VCF or BCF is read."""

    AUTO = "auto"
    GT = "gt"
    DOSAGE = "dosage"


class ZKind(StrEnum):
    """What the test statistic of a summary-statistics file is."""

    AUTO = "auto"
    WALD = "wald"
    T = "t"
    SCORE = "score"


class Dialect(StrEnum):
    """Whose columns a summary-statistics file has (facts in ``sumstats_dialects``)."""

    AUTO = "auto"
    GWAS_SSF = "gwas-ssf"
    LDSC = "ldsc"
    PLINK1_REGRESSION = "plink1-regression"
    PLINK1_ASSOC = "plink1-assoc"
    PLINK1_QASSOC = "plink1-qassoc"
    PLINK2 = "plink2"
    REGENIE = "regenie"
    SAIGE = "saige"
    BOLT_LMM = "bolt-lmm"
    COJO = "cojo"
    FASTGWA = "fastgwa"
    METAL = "metal"
    POLYFUN = "polyfun"
    GWAS_VCF = "gwas-vcf"
    CUSTOM = "custom"


class ExportDialect(StrEnum):
    """What summary statistics can be written as, beside the suite's own table."""

    NONE = "none"
    GWAS_SSF = "gwas-ssf"
    LDSC = "ldsc"
    PLINK1_REGRESSION = "plink1-regression"
    PLINK1_ASSOC = "plink1-assoc"
    PLINK1_QASSOC = "plink1-qassoc"
    PLINK2 = "plink2"
    REGENIE = "regenie"
    SAIGE = "saige"
    BOLT_LMM = "bolt-lmm"
    COJO = "cojo"
    FASTGWA = "fastgwa"
    METAL = "metal"
    POLYFUN = "polyfun"
    GWAS_VCF = "gwas-vcf"


class StrandRule(StrEnum):
    """What is done with alleles that are the reference's only when complemented."""

    AUTO = "auto"
    FORWARD = "forward"


class SampleSize(StrEnum):
    """Which sample size of a case-control study is written."""

    TOTAL = "total"
    EFFECTIVE = "effective"


class LdMethod(StrEnum):
    """Where the individuals behind an LD matrix come from."""

    IN_SAMPLE = "in-sample"
    PANEL = "panel"


class Task(StrEnum):
    """What a network is to learn from sequences."""

    AUTO = "auto"
    BINARY = "binary"
    REGRESSION = "regression"
    COUNTS = "counts"


class SignalStatistic(StrEnum):
    """How a signal track becomes one value a window."""

    MEAN = "mean"
    MAX = "max"
    SUM = "sum"


class SignalTransform(StrEnum):
    """What is done to signal values."""

    NONE = "none"
    LOG1P = "log1p"


class LabelColumn(StrEnum):
    """Which column of a BED file holds targets."""

    NONE = "none"
    SCORE = "score"
    NAME = "name"


class Negatives(StrEnum):
    """Where sequences of the negative class come from when only regions are given."""

    NONE = "none"
    GC_MATCHED = "gc-matched"
