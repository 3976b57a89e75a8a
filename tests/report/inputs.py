"""One small file of every kind the report takes, written through the suite's own writers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core import manifest
from lucidseq.core import schema as schemas
from lucidseq.core.card import Card, Verdict
from lucidseq.core.execute import execute
from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.tables import write_table, write_text
from lucidseq.finemap.cli import tool as finemap_tool
from lucidseq.report.cli import tool

VARIANTS = 40
CAUSAL = (10, 30)  # of locus1: variants in its two credible sets
CAUSAL_NAMES = [f"chr1:{1000 * row + 501}:A:G" for row in CAUSAL]


@dataclass(frozen=True)
class Study:
    """Every result of a made-up study by kind, and the files beside them."""

    files: dict[str, Path]
    gtf: Path
    truth_variants: Path
    truth: Path

    @property
    def results(self) -> list[str]:
        """``--results`` for every file."""
        return as_options(self.files.values())

    @property
    def beside(self) -> list[object]:
        """The other options."""
        return ["--gtf", self.gtf, "--truth-variants", self.truth_variants, "--truth", self.truth]


def as_options(paths: Iterable[Path]) -> list[str]:
    """Return ``--results`` for each path."""
    return [word for path in paths for word in ("--results", str(path))]


def make_study(folder: Path, *, causal: list[str] | None = None, causal_set: str = "SET_A", seed: int = 1) -> Study:
    """Write a study of two loci on chr1; the first has two credible sets, the second none."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    files = {**associations(folder, rng), **networks(folder, rng), **genes(folder, rng), **documents(folder)}
    write_table(truth_variants(CAUSAL_NAMES if causal is None else causal), folder / "truth.variants.tsv", schemas.TRUTH_VARIANTS)
    write_text(f'{{"causal_gene_set": "{causal_set}"}}\n', folder / "truth.json")
    rows = [
        f'chr1\tmade\tgene\t{1 + 8000 * number}\t{5000 + 8000 * number}\t.\t+\t.\tgene_id "G{number}"; gene_name "NAME{number}";'
        for number in range(6)
    ]
    write_text("\n".join(rows) + "\n", folder / "genes.gtf")
    return Study(files, folder / "genes.gtf", folder / "truth.variants.tsv", folder / "truth.json")


def variants(rows: np.ndarray) -> pd.DataFrame:
    """Return the columns that name variants, one every 1,000 bases."""
    position = 1000 * rows + 501
    return pd.DataFrame(
        {
            "variant_id": [f"chr1:{place}:A:G" for place in position],
            "chromosome": "chr1",
            "base_pair_location": position,
            "effect_allele": "G",
            "other_allele": "A",
        }
    )


def pip_rows(rng: np.random.Generator, *, with_sets: bool = True) -> pd.DataFrame:
    """Return PIPs of two loci."""
    table = variants(np.arange(2 * VARIANTS)).assign(
        locus=["locus1"] * VARIANTS + ["locus2"] * VARIANTS,
        rsid=".",
        z=rng.normal(size=2 * VARIANTS),
        pip=0.01,
        pip_flat=0.011,
        prior=1 / VARIANTS,
        posterior_mean=0.0,
        posterior_sd=0.01,
        credible_set="",
    )
    if with_sets:
        for number, row in enumerate(CAUSAL):
            table.loc[row, ["z", "pip", "pip_flat", "credible_set"]] = [9.0 - number, 0.95, 0.6, f"locus1_L{number + 1}"]
    return table


def set_rows(rows: tuple[int, ...] = CAUSAL) -> pd.DataFrame:
    """Return credible sets of locus1; the second also holds the first's variant."""
    names = variants(np.array(rows, dtype=int))["variant_id"].tolist()
    members = [names[: number + 1][::-1] for number in range(len(names))]
    return pd.DataFrame(
        {
            "locus": "locus1",
            "credible_set": [f"locus1_L{number + 1}" for number in range(len(names))],
            "size": list(map(len, members)),
            "coverage": 0.97,
            "purity_min": 0.9,
            "purity_mean": 0.95,
            "purity_median": 0.95,
            "log_bayes_factor": 20.0,
            "lead_variant": names,
            "lead_pip": 0.95,
            "variants": list(map(",".join, members)),
        }
    )


def associations(folder: Path, rng: np.random.Generator) -> dict[str, Path]:
    """Write summary statistics, LD, loci, PIPs, credible sets, fits and counts of a trait."""
    pips = pip_rows(rng)
    own = pips[["variant_id", "chromosome", "base_pair_location", "effect_allele", "other_allele", "z"]]
    sumstats = own.assign(beta=pips["z"] * 0.1, standard_error=0.1, n=500.0, z_kind="t")
    r = (0.8 ** np.abs(np.subtract.outer(np.arange(VARIANTS), np.arange(VARIANTS)))).astype(np.float32)
    blocks = iter([LdBlock("locus1", "chr1", 0, 1000 * VARIANTS, r, pips["variant_id"].to_numpy(dtype=object)[:VARIANTS])])
    loci = pd.DataFrame({"contig": "chr1", "start": [0, 40_000], "end": [40_000, 80_000], "name": ["locus1", "locus2"]})
    fits = loci.rename(columns={"name": "locus"}).assign(
        n_variants=VARIANTS, n=500.0, credible_sets=[2, 0], converged=1, iterations=5, elbo=-700.0, residual_variance=0.9, score_weight=0.5
    )
    counts = pd.DataFrame({"unit": "variants", "step": ["read", "frequency"], "removed": [0, 3], "kept": [83, 80]})
    tables = {
        "sumstats": (sumstats, schemas.SUMSTATS, ".sumstats.tsv.gz"),
        "loci": (loci, schemas.LOCI, ".intervals.tsv"),
        "pips": (pips, schemas.PIPS, ".pips.tsv.gz"),
        "credible_sets": (set_rows(), schemas.CREDIBLE_SETS, ".credible_sets.tsv"),
        "locus_fits": (fits, schemas.LOCUS_FITS, ".loci.tsv"),
        "qc": (counts, schemas.QC, ".qc.tsv"),
    }
    write_ld(folder / "trait.ld.h5", blocks, build="made", method="in-sample", n_ref=500)
    return {**write_all(folder, "trait", tables), "ld": folder / "trait.ld.h5"}


def networks(folder: Path, rng: np.random.Generator) -> dict[str, Path]:
    """Write what training, evaluation, attribution and variant scoring leave."""
    epochs = np.arange(1, 4)
    history = pd.concat(
        pd.DataFrame(
            {
                "member": member,
                "epoch": epochs,
                "loss": 1 / epochs,
                "valid_loss": 1.2 / epochs,
                "metric": "auroc",
                "valid_metric": 1 - 0.3 / epochs,
                "learning_rate": 0.001,
            }
        )
        for member in range(2)
    )
    metrics = pd.DataFrame(
        {
            "target_name": "CTCF",
            "group": ["all", "chr1"],
            "metric": "auroc",
            "value": [0.91, 0.9],
            "lower": 0.88,
            "upper": [0.94, np.nan],
            "n": 100,
        }
    )
    grid = np.linspace(0, 1, 5)
    curves = pd.concat(
        pd.DataFrame({"target_name": "CTCF", "curve": kind, "x": grid, "y": np.sqrt(grid)})
        for kind in ("roc", "pr", "reliability", "scatter")
    )
    effects = variants(np.arange(VARIANTS)).assign(
        rsid=".", target_name="CTCF", ref_score=0.0, effect=rng.normal(0, 0.01, VARIANTS), effect_sd=0.05
    )
    effects.loc[CAUSAL[0], "effect"] = -0.8
    effects = effects.assign(alt_score=effects["effect"], score=effects["effect"].abs())
    predictions = pd.DataFrame(
        {
            "id": ["s1"],
            "contig": "chr1",
            "start": 0,
            "end": 200,
            "strand": ".",
            "split": "test",
            "target_name": "CTCF",
            "prediction": 0.7,
            "standard_deviation": 0.1,
        }
    )
    tables = {
        "history": (history, schemas.HISTORY, ".history.tsv"),
        "metrics": (metrics, schemas.METRICS, ".metrics.tsv"),
        "curves": (curves, schemas.CURVES, ".curves.tsv"),
        "effects": (effects, schemas.EFFECTS, ".effects.tsv.gz"),
        "predictions": (predictions, schemas.PREDICTIONS, ".predictions.tsv"),
    }
    write_attributions(folder / "model.attributions.h5", rng)
    return {**write_all(folder, "model", tables), "attributions": folder / "model.attributions.h5"}


def write_attributions(path: Path, rng: np.random.Generator, *, contributions: np.ndarray | None = None) -> None:
    """Write eight explained sequences; the first lies around the first causal variant."""
    count, length = 8, 200
    centre = 1000 * CAUSAL[0] + 500
    start = np.array([centre - 100 + 20_000 * number for number in range(count)], dtype=np.int64)
    codes = rng.integers(0, 5, (count, length)).astype(np.uint8)
    values = rng.normal(size=(count, length)).astype(np.float32) if contributions is None else contributions
    attributes = {"build": "made", "method": "deepshap", "target_name": "CTCF", "corrected": 0, "model_sha256": "0" * 64}
    arrays = {
        "codes": codes,
        "contig": np.array(["chr1"] * count, dtype=object),
        "start": start,
        "end": start + length,
        "strand": np.array(["."] * count, dtype=object),
        "id": np.array([f"peak{number}" for number in range(count)], dtype=object),
        "hypothetical": np.zeros((count, length, 4), dtype=np.float32),
        "contributions": values,
        "prediction": np.zeros(count, dtype=np.float32),
    }
    with create_store(path, schemas.ATTRIBUTIONS, **attributes) as store:
        for name, array in arrays.items():
            write_array(store, name, array)


def genes(folder: Path, rng: np.random.Generator) -> dict[str, Path]:
    """Write gene, correlation and gene-set tables."""
    number = np.arange(6)
    p = np.array([1e-300, 1e-8, 0.2, 0.5, 0.7, 0.9])
    table = pd.DataFrame(
        {
            "gene_id": [f"G{i}" for i in number],
            "gene_name": [f"NAME{i}" for i in number],
            "contig": "chr1",
            "start": 8000 * number,
            "end": 8000 * number + 5000,
            "strand": "+",
            "n_variants": 5,
            "effective_variants": 3.0,
            "statistic": 10.0,
            "p_value": p,
            "z": 1.0,
            "q_value": np.minimum(p * 6, 1),
            "pip": 0.1,
        }
    )
    pairs = pd.DataFrame({"gene_id_1": ["G0"], "gene_id_2": ["G1"], "correlation": [0.3]})
    sets = pd.concat(
        pd.DataFrame(
            {
                "gene_set": ["SET_A", "SET_B", "SET_C"],
                "method": method,
                "n_genes": 3,
                "estimate": 1.0,
                "standard_error": 0.5,
                "p_value": [0.001, 0.3, 0.8],
                "q_value": [0.003, 0.45, 0.8],
                "genes": "G0,G1",
            }
        )
        for method in ("competitive", "gsea")
    )
    tables = {
        "genes": (table, schemas.GENES, ".genes.tsv"),
        "gene_correlations": (pairs, schemas.GENE_CORRELATIONS, ".gene_correlations.tsv"),
        "pathways": (sets, schemas.PATHWAYS, ".pathways.tsv"),
    }
    return write_all(folder, "trait", tables)


def documents(folder: Path) -> dict[str, Path]:
    """Write a trust card, two alike of two shards, and a manifest."""
    files = {}
    for name, path in (
        ("card", "trait.finemap_locus.card.json"),
        ("shard1", "model.part1of2.effects_variants.card.json"),
        ("shard2", "model.part2of2.effects_variants.card.json"),
    ):
        card = Card("finemap", "locus") if name == "card" else Card("effects", "variants")
        if name == "card":
            card.add("convergence", 1.0, Verdict.OK, threshold="1", advice="", interval=(float("nan"), 1.0), level=0.95)
        else:
            card.add("ensemble", "one member", Verdict.CAUTION, threshold=">= 2", advice="Train more members.")
        files[name] = folder / path
        write_text(card.to_json(), files[name])
    command = finemap_tool.commands["locus"]
    document = manifest.build(command, command.options(max_effects=5))
    write_text(manifest.to_json(document), folder / "trait.finemap_locus.manifest.json")
    return {**files, "manifest": folder / "trait.finemap_locus.manifest.json"}


def truth_variants(names: list[str]) -> pd.DataFrame:
    """Return planted variants by name."""
    return pd.DataFrame(
        {
            "variant_id": names,
            "chromosome": "chr1",
            "base_pair_location": [int(name.split(":")[1]) for name in names],
            "effect_allele": "G",
            "other_allele": "A",
            "locus": "locus1",
            "beta": 0.3,
            "motif": "CTCF",
            "gene_id": "G1",
        }
    )


def write_all(folder: Path, stem: str, tables: dict[str, tuple[pd.DataFrame, schemas.Table, str]]) -> dict[str, Path]:
    """Write tables and return their paths by kind."""
    paths = {}
    for kind, (table, schema, suffix) in tables.items():
        paths[kind] = folder / f"{stem}{suffix}"
        write_table(table, paths[kind], schema)
    return paths


def build_here(out: Path, paths: Iterable[Path], **options: object) -> None:
    """Run ``report build`` in this process (its libraries are loaded once), as the command line does."""
    assert execute(tool.commands["build"], {"results": list(paths), "out": out, **options}) == 0
