"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class ZKind(StrEnum):
    """What the test statistic of a summary-statistics file is."""

    AUTO = "auto"
    WALD = "wald"
    T = "t"
    SCORE = "score"


class Dialect(StrEnum):
    """Whose columns a summary-statistics file has (facts in ``dialects``)."""

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
