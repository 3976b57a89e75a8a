"""The declared arrays of every HDF5 store (import them from `schema.py`)."""

from __future__ import annotations

from lucidseq.core.declarations import Array, Store

_SEQUENCE_ROWS = (
    Array("codes", "uint8", "(n, length)", "Bases: 0-3 = ACGT, 4 = N."),
    Array("contig", "text", "(n,)", "Sequence name."),
    Array("start", "int64", "(n,)", "First base, 0-based."),
    Array("end", "int64", "(n,)", "One past the last base."),
    Array("strand", "text", "(n,)", "+, - or ."),
    Array("id", "text", "(n,)", "Unique name of the row."),
)
SEQUENCES = Store(
    "lucidseq.sequences",
    (
        *_SEQUENCE_ROWS,
        Array("split", "uint8", "(n,)", "0 train, 1 valid, 2 test."),
        Array("target", "float32", "(n, targets)", "Labels (0/1), signal or counts; absent when there is none.", required=False),
        Array("profile", "float32", "(n, targets, bins)", "Signal of bins along the sequence; absent without --bin-size.", required=False),
    ),
    ("build", "task", "target_names"),  # task: binary, regression or counts
)
ATTRIBUTIONS = Store(
    "lucidseq.attributions",
    (
        *_SEQUENCE_ROWS,
        Array("hypothetical", "float32", "(n, length, 4)", "Score each base would have at each position."),
        Array("contributions", "float32", "(n, length)", "Score of the observed base."),
        Array("prediction", "float32", "(n,)", "Explained output (logit) of the sequence."),
        Array("reference_prediction", "float32", "(n,)", "Mean explained output of its references.", required=False),
        Array(
            "completeness_error", "float32", "(n,)", "Over references: |sum of contributions - difference| / |difference|.", required=False
        ),
    ),
    ("build", "method", "target_name", "corrected", "model_sha256"),
)
GENOTYPES = Store(
    "lucidseq.genotypes",
    (
        Array("dosage", "int8|float32", "(variants, samples)", "Copies of the effect allele; missing is -1 (int8) or NaN (float32)."),
        Array("variants/contig", "text", "(variants,)", "Sequence name."),
        Array("variants/start", "int64", "(variants,)", "Position, 0-based."),
        Array("variants/effect_allele", "text", "(variants,)", "The counted allele (VCF ALT, PLINK A1)."),
        Array("variants/other_allele", "text", "(variants,)", "The other allele."),
        Array("variants/id", "text", "(variants,)", "variant_id (contig:position:other:effect)."),
        Array("variants/rsid", "text", "(variants,)", "Identifier in the source."),
        Array("variants/frequency", "float64", "(variants,)", "Effect-allele frequency among called genotypes."),
        Array("samples/id", "text", "(samples,)", "Sample names."),
        Array("samples/sex", "uint8", "(samples,)", "1 male, 2 female, 0 unknown (as PLINK).", required=False),
        Array("phenotypes/values", "float64", "(traits, samples)", "Trait values; NaN is missing.", required=False),
        Array("covariates/values", "float64", "(covariates, samples)", "Covariate values; NaN is missing.", required=False),
    ),
    # trait_names, trait_kinds (quantitative or binary) and covariate_names are JSON lists; optional: ploidy (default 2) and haploid
    # (coding of X and Y in males and of mitochondria: 0-2, the default, or 0-1)
    ("build", "trait_names", "trait_kinds", "covariate_names"),
)
GENOTYPE_MATRIX = Store(
    "lucidseq.genotype_matrix",
    (
        Array(
            "genotypes",
            "uint8|float16|float32",
            "(samples, ceil(variants / 4)) | (samples, variants)",
            "Two bits a genotype, lowest bits first: copies of the effect allele, 3 is missing; or dosages, NaN is missing.",
        ),
        Array("variants/contig", "text", "(variants,)", "Sequence name."),
        Array("variants/start", "int64", "(variants,)", "Position, 0-based."),
        Array("variants/effect_allele", "text", "(variants,)", "The counted allele."),
        Array("variants/other_allele", "text", "(variants,)", "The other allele."),
        Array("variants/id", "text", "(variants,)", "variant_id (contig:position:other:effect)."),
        Array("variants/rsid", "text", "(variants,)", "Identifier in the source."),
        Array("genotype_sums", "uint64", "(samples,)", "Checksum of each row of genotypes.", required=False),
        Array("samples/id", "text", "(samples,)", "Sample names."),
        Array("splits/split", "uint8", "(samples,)", "0 train, 1 valid, 2 test."),
        Array("splits/group", "text", "(samples,)", "Group of the sample; its name when it has none."),
        Array("splits/fold", "int64", "(samples,)", "Fold of cross-validation, from 1; 0 when there is none."),
        Array("training/called", "int64", "(variants,)", "Training samples with a genotype."),
        Array("training/mean", "float64", "(variants,)", "Their mean dosage; 0 when none is called."),
        Array("training/sd", "float64", "(variants,)", "Standard deviation of their dosages (divisor n)."),
        Array("training/mode", "uint8", "(variants,)", "Their most frequent genotype; the smaller one in a tie."),
        Array("training/genotype_frequency", "float64", "(variants, genotypes)", "Shares of 0, 1, 2, ... copies, at least up to 2."),
        Array("phenotypes/values", "float64", "(traits, samples)", "Trait values; NaN is missing.", required=False),
        Array("covariates/values", "float64", "(covariates, samples)", "Covariate values; NaN is missing.", required=False),
    ),
    # ploidy: the largest dosage; layout: bits2, float16 or float32; training_digest: SHA-256 of the sorted names of the training samples
    ("build", "ploidy", "layout", "training_digest", "trait_names", "trait_kinds", "covariate_names"),
)
LD = Store(
    "lucidseq.ld",
    (
        Array("blocks/name", "text", "(blocks,)", "Name of the locus."),
        Array("blocks/contig", "text", "(blocks,)", "Sequence name."),
        Array("blocks/start", "int64", "(blocks,)", "First base, 0-based."),
        Array("blocks/end", "int64", "(blocks,)", "One past the last base."),
        Array("block/<i>/r", "float32", "(variants, variants)", "Correlation of effect-allele dosages.", required=False),
        Array("block/<i>/variant_id", "text", "(variants,)", "variant_id, in position order.", required=False),
        Array("block/<i>/vectors", "float32", "(variants, rank)", "Low rank: eigenvectors, instead of r.", required=False),
        Array("block/<i>/values", "float64", "(rank,)", "Low rank: their eigenvalues, largest first.", required=False),
        Array("blocks/method", "text", "(blocks,)", "in-sample or panel.", required=False),
        Array("blocks/n_ref", "float64", "(blocks,)", "Samples behind it; NaN when unknown.", required=False),
        Array("blocks/shrinkage", "float64", "(blocks,)", "Weight of the identity matrix in r.", required=False),
        Array("blocks/effective_rank", "float64", "(blocks,)", "(sum of eigenvalues)^2 / sum of their squares.", required=False),
    ),
    ("build", "method", "n_ref"),
)
FINEMAP_LBF = Store(
    "lucidseq.finemap_lbf",
    (
        Array("loci/name", "text", "(loci,)", "Name of the locus."),
        Array("locus/<i>/variant_id", "text", "(variants,)", "variant_id, in the order of the other arrays.", required=False),
        Array("locus/<i>/lbf_variable", "float64", "(effects, variants)", "Log Bayes factor against no effect.", required=False),
        Array("locus/<i>/alpha", "float64", "(effects, variants)", "Probability of being the effect's variant.", required=False),
        Array(
            "locus/<i>/mu", "float64", "(effects, variants)", "Effect if it is the causal variant (standardised genotype).", required=False
        ),
        Array("locus/<i>/prior", "float64", "(variants,)", "Prior probability of the variant.", required=False),
        Array("locus/<i>/lbf", "float64", "(effects,)", "Log Bayes factor of the effect.", required=False),
        Array("locus/<i>/prior_variance", "float64", "(effects,)", "Prior variance of the effect.", required=False),
        Array("locus/<i>/credible_set", "text", "(effects,)", "Name of the effect's credible set; empty when none.", required=False),
    ),
    ("data_kind",),  # individual or summary
)
BASE_TRUTH = Store(
    "lucidseq.base_truth",
    (
        Array("id", "text", "(n,)", "Sequence id, in the order of the FASTA."),
        Array("label", "uint8", "(n,)", "1 for core motifs only, 0 otherwise."),
        Array("motif_count", "uint8", "(n,)", "Motifs in the sequence."),
        Array("probabilities", "float16", "(n, length, 4)", "Base probabilities (ACGT) that each base was drawn from."),
    ),
)
HAPLOTYPES = Store(
    "lucidseq.haplotypes",
    (
        Array(
            "alleles", "int8", "(sites, columns)", "Copies of the counted allele in a haplotype or, as dosages, in a sample; missing is -1."
        ),
        Array("sites/contig", "int32", "(sites,)", "Row of contigs/name."),
        Array("sites/position", "int64", "(sites,)", "Position, 0-based."),
        Array("sites/counted_allele", "text", "(sites,)", "The counted allele (derived, ALT or minor)."),
        Array("sites/other_allele", "text", "(sites,)", "The other allele."),
        Array("contigs/name", "text", "(contigs,)", "Sequence name."),
        Array("windows/name", "text", "(windows,)", "Name of the window."),
        Array("windows/contig", "text", "(windows,)", "Sequence name."),
        Array("windows/start", "int64", "(windows,)", "First base, 0-based."),
        Array("windows/end", "int64", "(windows,)", "One past the last base."),
        Array("windows/first_site", "int64", "(windows,)", "Row of its first site."),
        Array("windows/last_site", "int64", "(windows,)", "One past the row of its last site."),
        Array("windows/accessible", "int64", "(windows,)", "Accessible bases."),
        Array("samples/id", "text", "(samples,)", "Sample names."),
    ),
    ("build", "calls", "ploidy", "polarization"),  # calls: haplotypes or dosages; polarization: what is counted
)
ANNOTATIONS = Store(
    "lucidseq.annotations",
    (
        Array("values", "float32", "(rows, features)", "Features of each variant or window; NaN is missing."),
        Array("rows/contig", "text", "(rows,)", "Sequence name."),
        Array("rows/start", "int64", "(rows,)", "First base, 0-based."),
        Array("rows/end", "int64", "(rows,)", "One past the last base."),
        Array("rows/id", "text", "(rows,)", "variant_id, or name of the window."),
        Array("features/name", "text", "(features,)", "Name of the feature."),
        Array("features/kind", "text", "(features,)", "share, category, score, distance, signal, table or attribution."),
        Array("features/source", "text", "(features,)", "Name of the file it comes from."),
    ),
    ("build", "unit"),  # unit: variant or window
)
