"""Write the Galaxy workflows (gxformat2) from one list of steps: `.venv/bin/python scripts/galaxy_workflows.py`.

Regulatory and association are the two halves of discovery; each workflow takes the steps it needs, and the inputs they need.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import lucidseq
from lucidseq.contract.forms import Element, expand

ROOT = Path(__file__).resolve().parent.parent
FORMS = ROOT / "tools" / "galaxy"
FOLDER = ROOT / "tools" / "galaxy" / "workflows"
GENOME = {"genome": {"source": "history"}}


@dataclass(frozen=True)
class Step:
    """A step: its label, tool, settings, links (param -> input label or step/output), and files (output -> name in the history).

    ``shown`` are the outputs a reader wants, with their labels; ``reported`` those that the report gathers.
    """

    label: str
    tool: str
    doc: str
    links: dict[str, str]
    names: dict[str, str]
    state: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    reported: tuple[str, ...] = ("card", "manifest")


INPUTS: dict[str, dict[str, Any]] = {
    "Genome": {
        "type": "data",
        "format": ["fasta", "fasta.gz"],
        "doc": "Reference genome (FASTA), with the contig names of the other files.",
    },
    "Peaks": {"type": "data", "format": ["bed"], "doc": "Regions to learn from, such as peaks of ATAC-seq (BED or narrowPeak)."},
    "Signal": {"type": "data", "format": ["bigwig"], "doc": "The track whose mean over each region is learned (bigWig)."},
    "Sequence length": {
        "type": "int",
        "default": 200,
        "doc": "Length of the sequences to learn from, around the middle of each region (bp).",
    },
    "Test chromosomes": {"type": "string", "doc": "Chromosomes held out for testing, comma separated."},
    "Validation chromosomes": {"type": "string", "doc": "Chromosomes for early stopping, comma separated."},
    "Genotypes": {"type": "data", "format": ["vcf", "vcf_bgzip", "bcf"], "doc": "Genotypes of the samples (VCF or BCF)."},
    "Phenotypes": {"type": "data", "format": ["tabular"], "doc": "Table with a header: sample, then one column a trait."},
    "Covariates": {
        "type": "data",
        "format": ["tabular"],
        "optional": True,
        "doc": "Table with a header: sample, then one column a covariate.",
    },
    "Trait": {"type": "string", "doc": "Name of the trait, as in the header of the phenotypes."},
    "Loci": {"type": "data", "format": ["bed"], "doc": "Regions to fine-map (BED, named in column 4)."},
    "Genes": {"type": "data", "format": ["gtf", "gtf.gz"], "doc": "Genes (GTF)."},
    "Gene sets": {"type": "data", "format": ["tabular", "txt"], "doc": "Gene sets (GMT), with the gene names of the GTF."},
    "Causal variants (truth)": {
        "type": "data",
        "format": ["tabular"],
        "optional": True,
        "doc": "For simulated data: the causal variants, to compare with.",
    },
    "Settings of the simulation (truth)": {
        "type": "data",
        "format": ["json"],
        "optional": True,
        "doc": "For simulated data: the settings and the causal gene set.",
    },
}

SEQUENCES = Step(
    "Encode sequences",
    "encode_sequences",
    "Cut sequences around the peaks, with the mean signal as target, and matched regions without peaks.",
    {
        "data|genome|fasta": "Genome",
        "data|regions": "Peaks",
        "data|signal": "Signal",
        "window": "Sequence length",
        "splits|test_contigs": "Test chromosomes",
        "splits|valid_contigs": "Validation chromosomes",
    },
    {
        "dataset": "sequences.h5",
        "qc": "sequences.qc.tsv",
        "card": "sequences.encode_sequences.card.json",
        "manifest": "sequences.encode_sequences.manifest.json",
    },
    {"data": {"kind": "signal", "negatives": "gc-matched", **GENOME}},
)
FIT = Step(
    "Train a network",
    "train_fit",
    "Train on the training chromosomes; stop early by the validation chromosomes.",
    {"dataset": "Encode sequences/dataset"},
    {
        "model": "model.keras",
        "history": "model.history.tsv",
        "card": "model.train_fit.card.json",
        "manifest": "model.train_fit.manifest.json",
    },
    shown={"model": "Network"},
    reported=("history", "card", "manifest"),
)
PREDICT = Step(
    "Predict",
    "train_predict",
    "Apply the network to all sequences.",
    {"model": "Train a network/model", "dataset": "Encode sequences/dataset"},
    {"predictions": "model.predictions.tsv", "card": "model.train_predict.card.json", "manifest": "model.train_predict.manifest.json"},
)
EVALUATE = Step(
    "Evaluate predictions",
    "train_evaluate",
    "Compare predictions with observations on the test chromosomes.",
    {"predictions": "Predict/predictions"},
    {
        "metrics": "model.metrics.tsv",
        "curves": "model.curves.tsv",
        "card": "model.train_evaluate.card.json",
        "manifest": "model.train_evaluate.manifest.json",
    },
    shown={"metrics": "Evaluation of the network"},
    reported=("metrics", "curves", "card", "manifest"),
)
MAPS = Step(
    "Attribute predictions to bases",
    "attribute_maps",
    "Attribute the network's predictions to bases.",
    {"model": "Train a network/model", "dataset": "Encode sequences/dataset"},
    {
        "attributions": "model.attributions.h5",
        "track": "model.attributions.bw",
        "card": "model.attribute_maps.card.json",
        "manifest": "model.attribute_maps.manifest.json",
    },
    shown={"logos": "Attribution logos"},
    reported=("attributions", "card", "manifest"),
)
EFFECTS = Step(
    "Score variants",
    "effects_variants",
    "Compare the network's predictions for the two alleles of each variant in the loci.",
    {"model": "Train a network/model", "variants": "Genotypes", "genome|fasta": "Genome", "regions": "Loci"},
    {
        "effects": "model.effects.tsv",
        "annotated": "model.effects.vcf.gz",
        "card": "model.effects_variants.card.json",
        "manifest": "model.effects_variants.manifest.json",
    },
    GENOME,
    reported=("effects", "card", "manifest"),
)
GENOTYPES = Step(
    "Encode genotypes",
    "encode_genotypes",
    "Read genotypes and traits, with quality control.",
    {"genotypes": "Genotypes", "phenotypes": "Phenotypes", "covariates": "Covariates"},
    {
        "genotypes_out": "people.genotypes.h5",
        "qc": "people.genotypes.qc.tsv",
        "card": "people.encode_genotypes.card.json",
        "manifest": "people.encode_genotypes.manifest.json",
    },
    reported=("qc", "card", "manifest"),
)
SUMSTATS = Step(
    "Encode summary statistics",
    "encode_sumstats",
    "Test each variant for association with the trait.",
    {"data|genotypes": "Encode genotypes/genotypes_out", "data|trait": "Trait"},
    {
        "sumstats": "trait.sumstats.tsv",
        "qc": "trait.sumstats.qc.tsv",
        "card": "trait.encode_sumstats.card.json",
        "manifest": "trait.encode_sumstats.manifest.json",
    },
    {"data": {"source": "genotypes"}},
    reported=("sumstats", "card", "manifest"),
)
LD = Step(
    "Compute LD",
    "encode_ld",
    "Correlations of the variants of each locus, from the same samples.",
    {"data|genotypes": "Encode genotypes/genotypes_out", "loci": "Loci", "data|trait": "Trait"},
    {"ld": "trait.ld.h5", "qc": "trait.ld.qc.tsv", "card": "trait.encode_ld.card.json", "manifest": "trait.encode_ld.manifest.json"},
    {"data": {"source": "genotypes"}},
    reported=("ld", "card", "manifest"),
)
FINEMAP = Step(
    "Fine-map loci",
    "finemap_locus",
    "Which variants are likely to be causal?",
    {"data|sumstats": "Encode summary statistics/sumstats", "data|ld": "Compute LD/ld"},
    {
        "sets": "trait.credible_sets.tsv",
        "pips": "trait.pips.tsv",
        "loci": "trait.loci.tsv",
        "lbf": "trait.lbf.h5",
        "card": "trait.finemap_locus.card.json",
        "manifest": "trait.finemap_locus.manifest.json",
    },
    {"data": {"source": "summary"}},
    {"sets": "Credible sets", "pips": "PIPs"},
    ("sets", "pips", "loci", "card", "manifest"),
)
SCORED = Step(
    FINEMAP.label,
    FINEMAP.tool,
    "Which variants are likely to be causal, given association and the network's score?",
    {**FINEMAP.links, "prior|scores": "Score variants/effects"},
    FINEMAP.names,
    {**FINEMAP.state, "prior": {"kind": "scores", "score_column": None}},
    FINEMAP.shown,
    FINEMAP.reported,
)
GENES = Step(
    "Test genes",
    "enrich_genes",
    "Test each gene by the variants in it and near it.",
    {"sumstats": "Encode summary statistics/sumstats", "ld": "Compute LD/ld", "gtf": "Genes", "pips": "Fine-map loci/pips"},
    {
        "genes": "trait.genes.tsv",
        "correlations": "trait.gene_correlations.tsv",
        "card": "trait.enrich_genes.card.json",
        "manifest": "trait.enrich_genes.manifest.json",
    },
    shown={"genes": "Gene tests"},
    reported=("genes", "card", "manifest"),
)
PATHWAYS = Step(
    "Test gene sets",
    "enrich_pathways",
    "Test gene sets against all other genes.",
    {"genes": "Test genes/genes", "correlations": "Test genes/correlations", "gene_sets": "Gene sets"},
    {"pathways": "trait.pathways.tsv", "card": "trait.enrich_pathways.card.json", "manifest": "trait.enrich_pathways.manifest.json"},
    shown={"pathways": "Gene set tests"},
    reported=("pathways", "card", "manifest"),
)
REGULATORY = (SEQUENCES, FIT, PREDICT, EVALUATE, MAPS)
ASSOCIATION = (GENOTYPES, SUMSTATS, LD, FINEMAP, GENES, PATHWAYS)
DISCOVERY = (*REGULATORY, EFFECTS, GENOTYPES, SUMSTATS, LD, SCORED, GENES, PATHWAYS)
WORKFLOWS = {
    "regulatory": (
        REGULATORY,
        "Learn a regulatory signal from sequence",
        "This workflow trains a network to predict a regulatory signal from DNA sequence, evaluates it on held-out chromosomes, and attributes its predictions to bases.",
    ),
    "association": (
        ASSOCIATION,
        "From genotypes and a trait to credible sets, genes and gene sets",
        "This workflow tests variants for association with a trait, fine-maps loci to credible sets, and tests genes and gene sets.",
    ),
    "discovery": (
        DISCOVERY,
        "From genomes to credible sets and gene sets, with a functional prior",
        "This workflow trains a network on a regulatory signal, scores variants with it, fine-maps a trait's loci with that score as prior, and tests genes and gene sets.",
    ),
}


def main() -> None:
    """Write every workflow."""
    for name, text in render().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def render() -> dict[str, str]:
    """Return the text of every workflow by its path under the folder."""
    return {
        f"{name}/{name}.gxwf.yml": "# Written by scripts/galaxy_workflows.py: change that\n"
        + yaml.safe_dump(workflow(*what), sort_keys=False, width=160, allow_unicode=True)
        for name, what in WORKFLOWS.items()
    }


def workflow(steps: tuple[Step, ...], title: str, doc: str) -> dict[str, Any]:
    """Return one workflow as gxformat2."""
    report = report_step(steps)
    every = (*steps, report)
    linked = {target for step in every for target in step.links.values()}
    shown = {label: f"{step.label}/{output}" for step in every for output, label in step.shown.items()}
    return {
        "class": "GalaxyWorkflow",
        "label": f"lucidseq: {title}",
        "doc": doc,
        "license": "MIT",
        "release": lucidseq.__version__,
        "creator": [{"class": "Organization", "name": "The lucidseq developers"}],
        "tags": ["genomics", "deep learning", "fine mapping"],
        "inputs": {label: declare(words) for label, words in INPUTS.items() if label in linked},
        "outputs": {label: {"outputSource": source} for label, source in shown.items()},
        "steps": {step.label: render_step(step) for step in every},
        "report": {"markdown": markdown(title, doc, shown)},
    }


def declare(words: dict[str, Any]) -> dict[str, Any]:
    """Return an input's declaration."""
    return {"optional": False} | words


def report_step(steps: tuple[Step, ...]) -> Step:
    """Return the step that gathers everything."""
    results = ",".join(f"{step.label}/{output}" for step in steps for output in step.reported)
    association = any(step.tool == "enrich_genes" for step in steps)
    links = {"results": results}
    if any("Genome" in step.links.values() for step in steps):
        links["fasta"] = "Genome"
    if association:
        links |= {
            "gtf": "Genes",
            "planted|truth_variants": "Causal variants (truth)",
            "planted|truth": "Settings of the simulation (truth)",
        }
    return Step(
        "Build the report",
        "report_build",
        "Gather trust cards, figures, tables and methods.",
        links,
        {
            "trust": "trust.tsv",
            "figures": "figures",
            "facts": "planted facts",
            "report": "report.html",
            "card": "report.report_build.card.json",
            "manifest": "report.report_build.manifest.json",
        },
        shown={"trust": "Trust", "figures": "Figures", "report": "Report"},
    )


def render_step(step: Step) -> dict[str, Any]:
    """Return one step."""
    sources = {param: target.split(",") for param, target in step.links.items()}
    rendered: dict[str, Any] = {
        "tool_id": f"lucidseq_{step.tool}",
        "tool_version": f"{lucidseq.__version__}+galaxy0",
        "label": step.label,
        "doc": step.doc,
    }
    rendered["tool_state"] = whole_state(form_of(step.tool).find("inputs"), step.state, set(step.links))
    rendered["in"] = {param: {"source": targets if len(targets) > 1 else targets[0]} for param, targets in sources.items()}
    rendered["out"] = {
        output: {"rename": name} | ({"hide": True} if output in ("card", "manifest") else {}) for output, name in step.names.items()
    }
    return rendered


def form_of(tool: str) -> Element:
    """Return a tool's form with its macros in place."""
    macros = ElementTree.parse(FORMS / "macros.xml").getroot()
    return expand(ElementTree.parse(FORMS / f"{tool}.xml").getroot(), macros)


def whole_state(parent: Element, given: dict[str, Any], linked: set[str], prefix: str = "") -> dict[str, Any]:
    """Return a step's settings with every default written out: Galaxy warns of settings that a workflow leaves open."""
    state: dict[str, Any] = {}
    for element in parent:
        name = name_of(element)
        if element.tag == "param" and prefix + name not in linked:
            state[name] = given.get(name, default_of(element))
        elif element.tag == "section":
            state[name] = whole_state(element, given.get(name, {}), linked, f"{prefix}{name}|")
        elif element.tag == "repeat":
            state[name] = given.get(name, [])
        elif element.tag == "conditional":
            test = element.find("param")
            chosen = given.get(name, {}).get(name_of(test), default_of(test))
            case = next(when for when in element.findall("when") if when.get("value") == chosen)
            inner = whole_state(case, given.get(name, {}), linked, f"{prefix}{name}|")
            state[name] = {name_of(test): chosen, **inner}
    return state


def name_of(param: Element) -> str:
    """Return the name that Galaxy knows a param by."""
    return param.get("name") or (param.get("argument") or "").lstrip("-").replace("-", "_")


def default_of(param: Element) -> Any:
    """Return what a param is when nobody touches it."""
    kind, value = param.get("type"), param.get("value")
    if kind == "select":
        rows = param.findall("option")
        return next((row.get("value") for row in rows if row.get("selected") == "true"), rows[0].get("value"))
    if kind == "boolean":
        return param.get("checked") == "true"
    if kind in ("integer", "float"):
        return None if value in (None, "") else (int if kind == "integer" else float)(value)
    return (value or "") if kind == "text" else None


def markdown(title: str, doc: str, shown: dict[str, str]) -> str:
    """Return the page that Galaxy makes of a finished run: trust first."""
    tables = [label for label in ("Credible sets", "Gene set tests", "Evaluation of the network") if label in shown]
    parts = [
        f"# {title}\n\n{doc}\n",
        "## Trust\n\nEvery check of every step, the worst first.\n",
        _directive("history_dataset_as_table", "Trust"),
    ]
    for label in tables:
        parts += [f"## {label}\n", _directive("history_dataset_as_table", label)]
    parts += ["## Figures\n", _directive("history_dataset_collection_display", "Figures")]
    parts += ["## How it was done\n", "```galaxy\ninvocation_inputs()\n```\n", "```galaxy\nworkflow_display()\n```\n"]
    return "\n".join(parts)


def _directive(name: str, output: str) -> str:
    return f'```galaxy\n{name}(output="{output}")\n```\n'


if __name__ == "__main__":
    main()
