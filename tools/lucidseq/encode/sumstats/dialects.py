"""The dialects of summary statistics, one entry a program: what its columns mean and which allele its effects belong to.

Column names are defined here alone. Reading (`detect`), writing (`export`) and
docs/methods/sumstats.md follow it.
"""

from __future__ import annotations

from lucidseq.encode.sumstats.choices import Dialect
from lucidseq.encode.sumstats.meanings import DialectFacts, Meaning, columns, exported

_SSF_NUMBERS = {"23": "X", "24": "Y", "25": "MT"}
_PLINK1 = "https://www.cog-genomics.org/plink/1.9/formats"
_PLINK2 = "https://www.cog-genomics.org/plink/2.0/formats"

GWAS_SSF = DialectFacts(
    Dialect.GWAS_SSF,
    "GWAS-SSF",
    "effect_allele",
    "https://doi.org/10.1101/2022.07.15.500230",
    ("chromosome", "base_pair_location", "effect_allele", "other_allele"),
    columns(
        "chromosome=chromosome base_pair_location=base_pair_location rsid=rsid|rs_id|variant_id effect_allele=effect_allele "
        "other_allele=other_allele beta=beta odds_ratio=odds_ratio hazard_ratio=hazard_ratio standard_error=standard_error "
        "z=z_score|z-score|z p_value=p_value neg_log_10_p_value=neg_log_10_p_value "
        "effect_allele_frequency=effect_allele_frequency n=n n_effective=n_effective|n_eff n_cases=n_cases|num_cases "
        "n_controls=n_controls|num_controls"
    ),
    exported(
        "chromosome:chromosome base_pair_location:base_pair_location effect_allele:effect_allele other_allele:other_allele "
        "beta:beta standard_error:standard_error effect_allele_frequency:effect_allele_frequency "
        "neg_log_10_p_value:neg_log_10_p_value rsid:rsid n:n"
    ),
    numbers=_SSF_NUMBERS,
)
LDSC = DialectFacts(
    Dialect.LDSC,
    "LDSC .sumstats",
    "A1 (the sign of Z is A1's)",
    "https://github.com/bulik/ldsc/wiki/Summary-Statistics-File-Format",
    ("SNP", "A1", "A2", "Z", "N"),
    columns("rsid=SNP effect_allele=A1 other_allele=A2 z=Z n=N p_value=P effect_allele_frequency=FRQ"),
    exported("SNP:rsid A1:effect_allele A2:other_allele Z:z N:n"),
)
PLINK1_REGRESSION = DialectFacts(
    Dialect.PLINK1_REGRESSION,
    "PLINK 1.9 .assoc.linear / .assoc.logistic",
    "A1 (the other allele is in the .bim alone)",
    f"{_PLINK1}#assoc_linear",
    ("CHR", "SNP", "BP", "A1", "TEST", "NMISS"),
    columns(
        "chromosome=CHR rsid=SNP base_pair_location=BP effect_allele=A1 other_allele=A2 test=TEST n=NMISS beta=BETA "
        "odds_ratio=OR standard_error=SE z=STAT p_value=P"
    ),
    exported(
        "CHR:chromosome SNP:rsid BP:base_pair_location A1:effect_allele TEST:=ADD NMISS:n BETA:beta SE:standard_error STAT:z P:p_value"
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
    columns(
        "chromosome=CHR rsid=SNP base_pair_location=BP effect_allele=A1 other_allele=A2 odds_ratio=OR standard_error=SE "
        "chi_square=CHISQ p_value=P"
    ),
    exported(
        "CHR:chromosome SNP:rsid BP:base_pair_location A1:effect_allele F_A:=NA F_U:=NA A2:other_allele CHISQ:chi_square "
        "P:p_value OR:odds_ratio SE:standard_error"
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
    columns("chromosome=CHR rsid=SNP base_pair_location=BP n=NMISS beta=BETA standard_error=SE z=T p_value=P"),
    exported("CHR:chromosome SNP:rsid BP:base_pair_location NMISS:n BETA:beta SE:standard_error R2:=NA T:z P:p_value"),
    z_kind="t",
    separator=" ",
)
PLINK2 = DialectFacts(
    Dialect.PLINK2,
    "PLINK 2 .glm.linear / .glm.logistic(.hybrid) / .glm.firth",
    "A1 (the tested allele, REF or ALT); the other is OMITTED, else the one of REF and ALT that is not A1",
    f"{_PLINK2}#glm_linear",
    ("CHROM", "POS", "REF", "ALT", "A1", "OBS_CT"),
    columns(
        "chromosome=CHROM base_pair_location=POS rsid=ID effect_allele=A1 omitted_allele=OMITTED|AX reference_allele=REF "
        "alternative_allele=ALT test=TEST n=OBS_CT beta=BETA odds_ratio=OR standard_error=SE|LOG(OR)_SE z=T_STAT|Z_STAT "
        "p_value=P neg_log_10_p_value=NEG_LOG10_P|LOG10_P effect_allele_frequency=A1_FREQ state=ERRCODE"
    ),
    exported(
        "#CHROM:chromosome POS:base_pair_location ID:rsid REF:other_allele ALT:effect_allele A1:effect_allele "
        "OMITTED:other_allele A1_FREQ:effect_allele_frequency TEST:=ADD OBS_CT:n BETA:beta SE:standard_error T_STAT:z P:p_value "
        "ERRCODE:=."
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
    columns(
        "chromosome=CHROM base_pair_location=GENPOS rsid=ID effect_allele=ALLELE1 other_allele=ALLELE0 "
        "effect_allele_frequency=A1FREQ n=N n_cases=N_CASES n_controls=N_CONTROLS test=TEST beta=BETA standard_error=SE "
        "chi_square=CHISQ neg_log_10_p_value=LOG10P state=EXTRA"
    ),
    exported(
        "CHROM:chromosome GENPOS:base_pair_location ID:rsid ALLELE0:other_allele ALLELE1:effect_allele "
        "A1FREQ:effect_allele_frequency N:n TEST:=ADD BETA:beta SE:standard_error CHISQ:chi_square LOG10P:neg_log_10_p_value "
        "EXTRA:=NA"
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
    columns(
        "chromosome=CHR base_pair_location=POS rsid=MarkerID|SNPID|rsid effect_allele=Allele2 other_allele=Allele1 "
        "effect_allele_frequency=AF_Allele2 n=N n_cases=N_case|N.Cases n_controls=N_ctrl|N.Controls beta=BETA standard_error=SE "
        "p_value=p.value"
    ),
    exported(
        "CHR:chromosome POS:base_pair_location MarkerID:rsid Allele1:other_allele Allele2:effect_allele "
        "AF_Allele2:effect_allele_frequency BETA:beta SE:standard_error Tstat:=NA p.value:p_value N:n"
    ),
    z_kind="score",
)
BOLT_LMM = DialectFacts(
    Dialect.BOLT_LMM,
    "BOLT-LMM",
    "ALLELE1",
    "https://alkesgroup.broadinstitute.org/BOLT-LMM/BOLT-LMM_manual.html#x1-480008.1",
    ("SNP", "CHR", "BP", "ALLELE1", "ALLELE0", "A1FREQ"),
    columns(
        "rsid=SNP chromosome=CHR base_pair_location=BP effect_allele=ALLELE1 other_allele=ALLELE0 "
        "effect_allele_frequency=A1FREQ beta=BETA standard_error=SE p_value=P_BOLT_LMM|P_BOLT_LMM_INF|P_LINREG "
        "chi_square=CHISQ_BOLT_LMM|CHISQ_BOLT_LMM_INF n=N"
    ),
    exported(
        "SNP:rsid CHR:chromosome BP:base_pair_location GENPOS:=0 ALLELE1:effect_allele ALLELE0:other_allele "
        "A1FREQ:effect_allele_frequency BETA:beta SE:standard_error CHISQ_BOLT_LMM_INF:chi_square P_BOLT_LMM_INF:p_value N:n"
    ),
    z_kind="score",
)
COJO = DialectFacts(
    Dialect.COJO,
    "GCTA-COJO .ma",
    "A1",
    "https://yanglab.westlake.edu.cn/software/gcta/#COJO",
    ("SNP", "A1", "A2", "freq", "b", "se", "p", "N"),
    columns("rsid=SNP effect_allele=A1 other_allele=A2 effect_allele_frequency=freq beta=b standard_error=se p_value=p n=N"),
    exported("SNP:rsid A1:effect_allele A2:other_allele freq:effect_allele_frequency b:beta se:standard_error p:p_value N:n"),
    by_place=tuple(
        map(Meaning, ["rsid", "effect_allele", "other_allele", "effect_allele_frequency", "beta", "standard_error", "p_value", "n"])
    ),
)
FASTGWA = DialectFacts(
    Dialect.FASTGWA,
    "GCTA fastGWA",
    "A1",
    "https://yanglab.westlake.edu.cn/software/gcta/#fastGWA",
    ("CHR", "SNP", "POS", "A1", "A2", "N", "AF1"),
    columns(
        "chromosome=CHR rsid=SNP base_pair_location=POS effect_allele=A1 other_allele=A2 n=N effect_allele_frequency=AF1 "
        "beta=BETA standard_error=SE p_value=P"
    ),
    exported(
        "CHR:chromosome SNP:rsid POS:base_pair_location A1:effect_allele A2:other_allele N:n AF1:effect_allele_frequency "
        "BETA:beta SE:standard_error P:p_value"
    ),
    z_kind="score",
)
METAL = DialectFacts(
    Dialect.METAL,
    "METAL",
    "Allele1 (lower case)",
    "https://github.com/statgen/METAL/issues/35",
    ("MarkerName", "Allele1", "Allele2", "Direction"),
    columns(
        "chromosome=Chromosome base_pair_location=Position rsid=MarkerName effect_allele=Allele1 other_allele=Allele2 "
        "effect_allele_frequency=Freq1 beta=Effect standard_error=StdErr z=Zscore p_value=P-value|P.value log_10_p_value=log(P) "
        "n=N|Weight|TotalSampleSize"
    ),
    exported(
        "Chromosome:chromosome Position:base_pair_location MarkerName:rsid Allele1:effect_allele Allele2:other_allele "
        "Freq1:effect_allele_frequency Effect:beta StdErr:standard_error P-value:p_value Direction:=? N:n"
    ),
)
POLYFUN = DialectFacts(
    Dialect.POLYFUN,
    "PolyFun (text or parquet)",
    "A1 (the sign of Z is A1's)",
    "https://github.com/omerwe/polyfun/wiki/1.-Computing-prior-causal-probabilities-with-PolyFun",
    ("SNP", "CHR", "BP", "A1", "A2", "Z", "N"),
    columns("rsid=SNP chromosome=CHR base_pair_location=BP effect_allele=A1 other_allele=A2 z=Z n=N p_value=P"),
    exported("SNP:rsid CHR:chromosome BP:base_pair_location A1:effect_allele A2:other_allele Z:z N:n"),
)
GWAS_VCF = DialectFacts(
    Dialect.GWAS_VCF,
    "GWAS-VCF",
    "ALT",
    "https://github.com/MRCIEU/gwas-vcf-specification",
    ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"),
    columns(
        "chromosome=CHROM base_pair_location=POS rsid=ID effect_allele=ALT other_allele=REF beta=ES standard_error=SE "
        "neg_log_10_p_value=LP effect_allele_frequency=AF n=SS|NS z=EZ n_cases=NC n_effective=NE"
    ),
    exported("ES:beta SE:standard_error LP:neg_log_10_p_value AF:effect_allele_frequency SS:n"),
    numbers=_SSF_NUMBERS,
)
FINNGEN = DialectFacts(
    Dialect.FINNGEN,
    "FinnGen",
    "alt",
    "https://finngen.gitbook.io/documentation/data-description",
    ("chrom", "pos", "ref", "alt", "beta", "sebeta", "af_alt"),
    columns(
        "chromosome=chrom base_pair_location=pos rsid=rsids effect_allele=alt other_allele=ref beta=beta standard_error=sebeta "
        "p_value=pval neg_log_10_p_value=mlogp effect_allele_frequency=af_alt n=n"
    ),
)
NAMED_ALLELES = DialectFacts(
    Dialect.NAMED_ALLELES,
    "a table whose header names the effect allele",
    "the column EA or effect_allele",
    "docs/methods/sumstats.md",
    (),
    columns(
        "chromosome=chromosome|chrom|chr|chr_id|hm_chrom base_pair_location=base_pair_location|position|pos|bp|bp_hg19|bp_hg38|chr_pos|genpos "
        "rsid=rsid|rs_id|rsids|snp|snpid|markername|variant_id|id effect_allele=effect_allele|ea|effectallele|tested_allele|effect_all "
        "other_allele=other_allele|nea|oa|non_effect_allele|noneffect_allele|otherallele|other_all beta=beta|b|effect|effect_size "
        "odds_ratio=odds_ratio|or hazard_ratio=hazard_ratio|hr standard_error=standard_error|se|stderr|sebeta|se_beta "
        "z=z|zscore|z_score|z-score p_value=p_value|p|pval|pvalue|p-value|p.value|p_val "
        "neg_log_10_p_value=neg_log_10_p_value|mlogp|mlog10p|nlog10p|logp_neg effect_allele_frequency=effect_allele_frequency|eaf|effect_allele_freq|freq_ea|freq_effect_allele "
        "n=n|n_total|total_n|samplesize|sample_size|totalsamplesize n_effective=n_effective|n_eff|neff|effective_n "
        "n_cases=n_cases|ncases|n_case|ncase|num_cases n_controls=n_controls|ncontrols|n_control|ncontrol|num_controls"
    ),
)
CUSTOM = DialectFacts(Dialect.CUSTOM, "columns named by --column", "the column named effect_allele", "docs/methods/sumstats.md", (), {})

_PLINK = (PLINK1_REGRESSION, PLINK1_ASSOC, PLINK1_QASSOC, PLINK2)
_OTHERS = (REGENIE, SAIGE, BOLT_LMM, COJO, FASTGWA, METAL, POLYFUN, GWAS_VCF, FINNGEN, NAMED_ALLELES, CUSTOM)
DIALECTS: dict[Dialect, DialectFacts] = {facts.name: facts for facts in (GWAS_SSF, LDSC, *_PLINK, *_OTHERS)}
