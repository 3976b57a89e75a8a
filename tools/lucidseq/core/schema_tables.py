"""The declared columns of every table (import them from `schema.py`)."""

from __future__ import annotations

from lucidseq.core.declarations import Column, Table

_REGION = (
    Column("contig", "text", "Sequence name as in the FASTA or VCF."),
    Column("start", "int", "First base, 0-based."),
    Column("end", "int", "One past the last base."),
)
_VARIANT = (
    Column("variant_id", "text", "contig:position:other_allele:effect_allele, position 1-based."),
    Column("chromosome", "text", "Sequence name (GWAS-SSF)."),
    Column("base_pair_location", "int", "Position, 1-based (GWAS-SSF)."),
    Column("effect_allele", "text", "Allele whose effect is given (GWAS-SSF); the counted allele of genotypes."),
    Column("other_allele", "text", "The other allele (GWAS-SSF)."),
)

SUMSTATS = Table(
    "lucidseq.sumstats",
    (
        *_VARIANT,
        Column("beta", "float", "Effect of one more effect allele."),
        Column("standard_error", "float", "Standard error of beta."),
        Column("effect_allele_frequency", "float", "Frequency of the effect allele.", required=False),
        Column("p_value", "float", "Two-sided p-value; 0 where below 1e-300.", required=False),
        Column("neg_log_10_p_value", "float", "-log10 p, finite for any p.", required=False),
        Column("rsid", "text", "Identifier in the source.", required=False),
        Column("n", "float", "Samples behind this variant."),
        Column("z", "float", "Test statistic of the effect allele, at least 10 significant digits."),
        Column("z_kind", "text", "t (OLS), score (score or mixed-model test) or wald."),
    ),
)
DROPPED = Table(
    "lucidseq.dropped",
    (
        Column("line", "int", "Line of the input file, from 1 (of a parquet file: row, from 1)."),
        Column("reason", "text", "Why the row was removed, as in the qc table."),
        Column("chromosome", "text", "Sequence name when the row was removed."),
        Column("base_pair_location", "text", "Position, 1-based; #NA when unknown."),
        Column("effect_allele", "text", "Effect allele as given."),
        Column("other_allele", "text", "Other allele as given."),
        Column("rsid", "text", "Identifier in the source."),
    ),
)
LOCI = Table("lucidseq.loci", (*_REGION, Column("name", "text", "Name of the locus.")))
PREDICTIONS = Table(
    "lucidseq.predictions",
    (
        Column("id", "text", "Sequence id."),
        *_REGION,
        Column("strand", "text", "+, - or ."),
        Column("split", "text", "train, valid or test."),
        Column("target_name", "text", "Name of the target."),
        Column("task", "text", "binary, regression or counts.", required=False),
        Column("target", "float", "Observed value; empty when unknown.", required=False),
        Column("prediction", "float", "Predicted value (probability, rate or mean)."),
        Column("standard_deviation", "float", "Spread over the ensemble's members; 0 with one member."),
        Column("lower", "float", "Lower bound of the interval.", required=False),
        Column("upper", "float", "Upper bound of the interval.", required=False),
        Column("member_predictions", "text", "Predicted value by each network of an ensemble, comma separated.", required=False),
    ),
)
HISTORY = Table(
    "lucidseq.history",
    (
        Column("member", "int", "Member of the ensemble, from 0."),
        Column("epoch", "int", "Epoch, from 1."),
        Column("loss", "float", "Training loss."),
        Column("valid_loss", "float", "Loss on the validation split."),
        Column("metric", "text", "Name of the validation metric."),
        Column("valid_metric", "float", "Metric on the validation split."),
        Column("learning_rate", "float", "Learning rate of the epoch."),
    ),
)
METRICS = Table(
    "lucidseq.metrics",
    (
        Column("target_name", "text", "Name of the target."),
        Column("group", "text", "all, member_0 and on for each network of an ensemble, or the contig's name."),
        Column("metric", "text", "auroc, auprc, pearson, spearman, mse, ece, ..."),
        Column("value", "float", "The figure."),
        Column("lower", "float", "Lower 95 % bootstrap bound."),
        Column("upper", "float", "Upper 95 % bootstrap bound."),
        Column("n", "int", "Sequences behind it."),
    ),
)
CURVES = Table(
    "lucidseq.curves",
    (
        Column("target_name", "text", "Name of the target."),
        Column("curve", "text", "roc (x: false positive rate), pr (x: recall), reliability (x: predicted, y: observed) or scatter."),
        Column("x", "float", "Abscissa."),
        Column("y", "float", "Ordinate."),
        Column("n", "int", "Sequences behind the point.", required=False),
    ),
)
EFFECTS = Table(
    "lucidseq.effects",
    (
        *_VARIANT,
        Column("rsid", "text", "ID column of the VCF.", required=False),
        Column("target_name", "text", "Name of the model's target."),
        Column("ref_score", "float", "Model output (logit or log-scale) with the REF allele, both strands averaged."),
        Column("alt_score", "float", "The same with the ALT allele."),
        Column("effect", "float", "alt_score - ref_score."),
        Column("effect_sd", "float", "Spread of effect over the ensemble's members."),
        Column("score", "float", "|effect|: the functional score that fine mapping reads."),
    ),
)
PIPS = Table(
    "lucidseq.pips",
    (
        Column("locus", "text", "Name of the locus."),
        *_VARIANT,
        Column("rsid", "text", "Identifier in the source.", required=False),
        Column("z", "float", "Test statistic."),
        Column("pip", "float", "Posterior inclusion probability."),
        Column("pip_flat", "float", "The same fit under a flat prior, all else equal, with a score or prior weights.", required=False),
        Column("prior", "float", "Prior probability of being the variant behind one effect."),
        Column("posterior_mean", "float", "Posterior mean of the effect (standardised genotype)."),
        Column("posterior_sd", "float", "Posterior standard deviation of the effect."),
        Column("credible_set", "text", "Name of the credible set that holds the variant; empty when none."),
    ),
)
CREDIBLE_SETS = Table(
    "lucidseq.credible_sets",
    (
        Column("locus", "text", "Name of the locus."),
        Column("credible_set", "text", "Name of the set: locus and effect, such as locus1_L2."),
        Column("size", "int", "Variants in the set."),
        Column("coverage", "float", "Posterior probability that the set holds."),
        Column("purity_min", "float", "Smallest |correlation| between its variants."),
        Column("purity_mean", "float", "Mean |correlation|."),
        Column("purity_median", "float", "Median |correlation|."),
        Column("log_bayes_factor", "float", "Log Bayes factor of the effect."),
        Column("lead_variant", "text", "variant_id of highest posterior."),
        Column("lead_pip", "float", "Its PIP."),
        Column("variants", "text", "variant_ids, comma separated, by falling posterior."),
    ),
)
LOCUS_FITS = Table(
    "lucidseq.locus_fits",
    (
        Column("locus", "text", "Name of the locus."),
        *_REGION,
        Column("n_variants", "int", "Variants fitted."),
        Column("n", "float", "Samples."),
        Column("credible_sets", "int", "Sets that passed the purity filter."),
        Column("converged", "int", "1 when the ELBO converged."),
        Column("broke_down", "int", "1 when z and LD contradicted each other so far that there is no fit.", required=False),
        Column("iterations", "int", "IBSS sweeps."),
        Column("elbo", "float", "Evidence lower bound at the end."),
        Column("residual_variance", "float", "Residual variance."),
        Column("residual_prior", "text", "nig where the residual variance was integrated, else none.", required=False),
        Column("explained", "float", "Share of the trait's variance that the effects explain.", required=False),
        Column("mismatch", "float", "Mismatch of z and LD (s), 0 to 1; missing with genotypes.", required=False),
        Column("mismatch_low", "float", "Lower 95 % bound of it.", required=False),
        Column("mismatch_high", "float", "Upper 95 % bound of it.", required=False),
        Column("flipped_variants", "text", "variant_ids whose z fits the LD with the other alleles, comma separated.", required=False),
        Column("score_weight", "float", "Weight of the functional score in the prior; 0 under a flat prior."),
    ),
)
PRIOR = Table(
    "lucidseq.prior",
    (
        *_VARIANT,
        Column("prior_variance", "float", "Prior variance of the effect of the standardised genotype, in variances of the trait."),
        Column("posterior_mean", "float", "Posterior mean of that effect under the prior, for the effect allele."),
        Column("posterior_sd", "float", "Posterior standard deviation."),
        Column("block", "text", "LD block."),
    ),
)
PRIOR_BLOCKS = Table(
    "lucidseq.prior_blocks",
    (
        Column("block", "text", "LD block."),
        *_REGION,
        Column("split", "text", "train, valid or test."),
        Column("variants", "int", "Variants with statistics and LD."),
        Column("without_ld", "int", "Variants of the statistics inside the block that its LD lacks."),
        Column("rank", "int", "Directions of the LD that were kept."),
        Column("gain", "float", "Log-likelihood minus that of the constant prior (nats)."),
        Column("gain_over_none", "float", "Log-likelihood minus that without any effect, at its own best residual scale (nats)."),
        Column("residual_scale", "float", "Residual scale that fits the block best under the prior."),
        Column("mean_prior_variance", "float", "Mean over the variants."),
    ),
)
GENES = Table(
    "lucidseq.genes",
    (
        Column("gene_id", "text", "Gene identifier of the GTF."),
        Column("gene_name", "text", "Gene name of the GTF; the identifier where there is none."),
        *_REGION,
        Column("strand", "text", "+ or -."),
        Column("n_variants", "int", "Tested variants in the gene and its flanks."),
        Column("effective_variants", "float", "Effective number of independent variants."),
        Column("statistic", "float", "Weighted sum of squared z."),
        Column("p_value", "float", "Upper-tail p, never 0 or 1."),
        Column("z", "float", "Probit of 1 - p."),
        Column("q_value", "float", "Benjamini-Hochberg false discovery rate."),
        Column("pip", "float", "Probability that the gene holds a causal variant, from variant PIPs.", required=False),
        Column("lead_variant", "text", "variant_id of largest |z|.", required=False),
    ),
)
GENE_CORRELATIONS = Table(
    "lucidseq.gene_correlations",
    (
        Column("gene_id_1", "text", "First gene."),
        Column("gene_id_2", "text", "Second gene."),
        Column("correlation", "float", "Correlation of the two gene statistics under the null, from LD."),
    ),
)
PATHWAYS = Table(
    "lucidseq.pathways",
    (
        Column("gene_set", "text", "Name of the set."),
        Column("method", "text", "competitive (GLS regression) or gsea (preranked)."),
        Column("n_genes", "int", "Tested genes in the set."),
        Column("estimate", "float", "Regression coefficient, or normalised enrichment score."),
        Column("standard_error", "float", "Its standard error (competitive).", required=False),
        Column("p_value", "float", "One-sided p-value."),
        Column("q_value", "float", "False discovery rate within the method."),
        Column("genes", "text", "Leading genes, comma separated.", required=False),
    ),
)
TRUTH_VARIANTS = Table(
    "lucidseq.truth_variants",
    (
        *_VARIANT,
        Column("locus", "text", "Locus that holds the variant."),
        Column("beta", "float", "True effect of one effect allele on the trait."),
        Column("motif", "text", "Motif that one allele breaks."),
        Column("gene_id", "text", "Nearest gene, through which the variant acts on the trait."),
    ),
)
QC = Table(
    "lucidseq.qc",
    (
        Column("unit", "text", "Unit that is counted: variants, samples, loci or sequences."),
        Column("step", "text", "Filter or correction, in the order applied."),
        Column("removed", "int", "Removed by this step."),
        Column("kept", "int", "Kept by it."),
    ),
)

LD_SCORES = Table(
    "lucidseq.ld_scores",
    (
        Column("variant_id", "text", "contig:position:other:effect."),
        Column("chromosome", "text", "Sequence name."),
        Column("base_pair_location", "int", "Position, 1-based."),
        Column("ld_score", "float", "Sum of adjusted r squared over the window, the variant itself (1) among it."),
        Column("variants", "int", "Variants in the window, itself among them."),
        Column("n", "int", "Samples behind the correlations, less covariates."),
    ),
)
VARIANT_QC = Table(
    "lucidseq.variant_qc",
    (
        *_VARIANT,
        Column("rsid", "text", "Identifier in the source."),
        Column("effect_allele_frequency", "float", "Frequency of the effect allele among called genotypes."),
        Column("missing_rate", "float", "Share of missing genotypes."),
        Column("minor_allele_count", "float", "Copies of the rarer allele."),
        Column("hwe_p_value", "float", "Mid-p value of the exact Hardy-Weinberg test; #NA where not tested."),
        Column("outcome", "text", "kept, or the first filter that the variant failed."),
    ),
)
SAMPLE_QC = Table(
    "lucidseq.sample_qc",
    (
        Column("sample", "text", "Sample name."),
        Column("missing_rate", "float", "Share of missing genotypes among all variants."),
        Column("heterozygosity", "float", "Share of heterozygotes among called autosomal genotypes."),
        Column("inbreeding", "float", "Inbreeding coefficient F = 1 - observed / expected heterozygotes."),
        Column("sex", "text", "Sex in the input files: male, female or unknown."),
        Column("x_inbreeding", "float", "The same coefficient on the X chromosome: near 1 in males, near 0 in females."),
        Column("inferred_sex", "text", "Sex inferred from x_inbreeding."),
        Column("outcome", "text", "kept, or why the sample was removed."),
    ),
)

FACTS = Table(
    "lucidseq.facts",
    (
        Column("fact", "text", "The planted fact, in words."),
        Column("planted", "text", "The planted value."),
        Column("found", "text", "The value in the results."),
        Column("verdict", "text", "ok or missed."),
    ),
)

TRUST = Table(
    "lucidseq.trust",
    (
        Column("verdict", "text", "ok, caution or refuse; the worst come first."),
        Column("command", "text", "Tool and command that made the check."),
        Column("check", "text", "Name of the check."),
        Column("value", "text", "Its value (four significant digits)."),
        Column("interval", "text", "Its interval, where there is one."),
        Column("threshold", "text", "The expected value."),
        Column("advice", "text", "What to do."),
        Column("results", "text", "Results with this check, comma separated."),
    ),
)
WINDOWS = Table(
    "lucidseq.windows",
    (
        *_REGION,
        Column("name", "text", "Name of the window."),
        Column("sites", "int", "Sites in the window."),
        Column("accessible", "int", "Bases that could be called."),
        Column("missing", "float", "Share of missing calls; empty without sites."),
        Column("kept", "int", "1 when the window is in the store."),
        Column("reason", "text", "Why it is not in the store; empty when it is."),
    ),
)
KINSHIP = Table(
    "lucidseq.kinship",
    (
        Column("sample_1", "text", "Name of a sample."),
        Column("sample_2", "text", "Name of a sample later in the genotypes."),
        Column("n_variants", "int", "Variants called in both."),
        Column("hethet", "float", "Share of these at which both are heterozygous."),
        Column("ibs0", "float", "Share of these at which they are opposite homozygotes."),
        Column("identity", "float", "Share of these at which they have the same genotype."),
        Column("kinship", "float", "KING-robust kinship coefficient; empty for inbred lines."),
        Column("relationship", "text", "duplicate, first, second or third (degree)."),
    ),
)
PCS = Table(
    "lucidseq.pcs",
    (Column("sample", "text", "Name of the sample."), Column("PC1", "float", "Its score on the first component; PC2, ... follow.")),
)
EIGENVALUES = Table(
    "lucidseq.eigenvalues",
    (
        Column("component", "text", "PC1, PC2, ..."),
        Column("eigenvalue", "float", "Eigenvalue of the relationship matrix of the fitted samples."),
        Column("variance_share", "float", "Its share of the sum of all eigenvalues."),
        Column("shrinkage", "float", "Spread of projected samples relative to fitted ones; empty when not measured."),
    ),
)
SPLITS = Table(
    "lucidseq.splits",
    (
        Column("sample", "text", "Name of the sample."),
        Column("split", "text", "train, valid or test."),
        Column("group", "text", "Samples of a group are never in two splits or folds.", required=False),
        Column("fold", "int", "Fold of cross-validation, from 1; 0 when there is none.", required=False),
        Column("components", "text", "fitted or projected: the sample's part in the components.", required=False),
    ),
)
ANNOTATION_SUMMARY = Table(
    "lucidseq.annotation_summary",
    (
        Column("feature", "text", "Name of the feature."),
        Column("kind", "text", "share, category, score, distance, signal, table or attribution."),
        Column("source", "text", "Name of the file it comes from."),
        Column("rows", "int", "Variants or windows."),
        Column("missing", "int", "Rows without a value."),
        Column("nonzero", "int", "Rows with a value other than zero."),
        Column("mean", "float", "Mean of the values."),
        Column("standard_deviation", "float", "Their standard deviation."),
        Column("minimum", "float", "Smallest value."),
        Column("maximum", "float", "Largest value."),
    ),
)
