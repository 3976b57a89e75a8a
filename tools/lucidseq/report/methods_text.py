"""Methods text for a paper: what was run, with which options, and whom to cite."""

from __future__ import annotations

from typing import Any

from lucidseq.report.methods_encode import ENCODE

TEXTS = {
    ("simulate", "locus"): (
        "Genotypes were simulated by the coalescent with recombination hotspots; causal variants were planted in regulatory motifs.",
        ["Baumdicker et al. 2022, Genetics 220:iyab229 (msprime)", "Rauluseviciute et al. 2024, Nucleic Acids Res. 52:D174 (JASPAR)"],
    ),
    ("simulate", "sequences"): (
        "Sequences of the synthetic regulatory code were simulated.",
        ["Koo and Ploenzke 2021, Nat. Mach. Intell. 3:258"],
    ),
    **dict.fromkeys((("encode", command) for command in ENCODE), ("", [])),  # by what they were given, below
    ("train", "fit"): (
        "Convolutional networks were trained with reverse-complement augmentation and early stopping on a validation split.",
        ["Koo and Ploenzke 2021, Nat. Mach. Intell. 3:258 (exponential activations)", "Chollet et al. 2015, Keras"],
    ),
    ("train", "predict"): ("Predictions were averaged over both strands.", []),
    ("train", "evaluate"): (
        "Predictions were evaluated on held-out sequences with bootstrap intervals.",
        ["Efron and Tibshirani 1993, An Introduction to the Bootstrap"],
    ),
    ("attribute", "maps"): ("", []),  # by its method, below
    ("effects", "variants"): (
        "Variants were scored by the difference of the network's output between alleles.",
        ["Zhou and Troyanskaya 2015, Nat. Methods 12:931"],
    ),
    ("finemap", "locus"): (
        "Loci were fine-mapped by the sum of single effects model; functional scores entered the prior with a weight estimated from the data.",
        [
            "Wang et al. 2020, J. R. Stat. Soc. B 82:1273 (SuSiE)",
            "Zou et al. 2022, PLoS Genet. 18:e1010299 (SuSiE with summary statistics)",
            "Weissbrod et al. 2020, Nat. Genet. 52:1355 (functional priors)",
        ],
    ),
    ("enrich", "genes"): (
        "Genes were tested by the sum of squared z, with its null distribution from LD.",
        ["de Leeuw et al. 2015, PLoS Comput. Biol. 11:e1004219 (MAGMA)", "Liu et al. 2010, Am. J. Hum. Genet. 87:139 (VEGAS)"],
    ),
    ("enrich", "pathways"): (
        "Gene sets were tested by competitive regression and preranked enrichment analysis.",
        ["de Leeuw et al. 2015, PLoS Comput. Biol. 11:e1004219 (MAGMA)", "Subramanian et al. 2005, PNAS 102:15545 (GSEA)"],
    ),
}


ATTRIBUTION = {
    "deepshap": (
        "differences from reference sequences (DeepLIFT, averaged over references as in DeepSHAP)",
        ["Shrikumar et al. 2017, ICML (DeepLIFT)", "Lundberg and Lee 2017, NeurIPS (SHAP)"],
    ),
    "integrated-gradients": ("integrated gradients", ["Sundararajan et al. 2017, ICML (integrated gradients)"]),
    "saliency": ("gradients (saliency)", ["Simonyan et al. 2014, ICLR workshop (saliency)"]),
    "ism": ("mutagenesis in silico", ["Zhou and Troyanskaya 2015, Nat. Methods 12:931"]),
}
GRADIENTS = {"integrated-gradients", "saliency"}
CORRECTION = "Majdandzic et al. 2023, Genome Biol. 24:109 (gradient correction)"


def describe(manifests: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """Return one paragraph on the commands that ran, in the order of the chain, and the citations, sorted."""
    ran = {(item["tool"], item["command"]) for item in manifests}
    chosen = [_said(key, [item for item in manifests if (item["tool"], item["command"]) == key]) for key in TEXTS if key in ran]
    software = sorted({f"{item['software']['name']} {item['software']['version']}" for item in manifests})
    opening = f"Analyses were run with {', '.join(software)}. " if software else ""
    citations = sorted({citation for _, papers in chosen for citation in papers})
    return opening + " ".join(text for text, _ in chosen), citations


def _said(key: tuple[str, str], runs: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """Return the sentences on a command's runs, and the citations."""
    if key == ("attribute", "maps"):
        return _attribution(runs)
    return ENCODE[key[1]](runs) if key[0] == "encode" else TEXTS[key]


def _attribution(manifests: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """Return the sentence on attribution, by the methods that were used."""
    runs = [item["parameters"] for item in manifests]
    methods = [name for name in ATTRIBUTION if any(run.get("method") == name for run in runs)]
    text = f"Predictions were attributed to bases by {' and by '.join(ATTRIBUTION[name][0] for name in methods) or 'attribution maps'}."
    papers = [paper for name in methods for paper in ATTRIBUTION[name][1]]
    if any(run.get("method") in GRADIENTS and run.get("correct") for run in runs):
        return f"{text} Gradients were corrected for the simplex of one-hot sequences.", [*papers, CORRECTION]
    return text, papers


def versions(manifests: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return every library and its version (all versions met, were there several)."""
    found: dict[str, set[str]] = {}
    for item in manifests:
        for name, version in {item["software"]["name"]: item["software"]["version"], **item["libraries"]}.items():
            found.setdefault(name, set()).add(str(version))
    return [(name, ", ".join(sorted(values))) for name, values in sorted(found.items())]


def settings(manifests: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return each command with its options as words, without repeats; what was not given and what only divides the work is left out."""
    rows = set()
    for item in manifests:
        given = {key: value for key, value in item["parameters"].items() if value is not None and key != "shard"}
        words = " ".join(f"{key.replace('_', '-')}={value}" for key, value in given.items())
        rows.add((f"{item['tool']} {item['command']}", words))
    return sorted(rows)
