"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class ZKind(StrEnum):
    """Kind of test statistic of a summary-statistics file."""

    AUTO = "auto"
    WALD = "wald"
    T = "t"
    SCORE = "score"


class Dialect(StrEnum):
    """Program whose columns a summary-statistics file has (see ``dialects``)."""

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
    FINNGEN = "finngen"
    NAMED_ALLELES = "named-alleles"
    CUSTOM = "custom"


class ExportDialect(StrEnum):
    """Formats of exported summary statistics."""

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
    """Treatment of alleles that match the reference only when complemented."""

    AUTO = "auto"
    FORWARD = "forward"


class SampleSize(StrEnum):
    """Sample size of case-control studies to write."""

    TOTAL = "total"
    EFFECTIVE = "effective"
