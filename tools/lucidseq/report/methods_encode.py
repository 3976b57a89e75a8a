"""What `lucidseq encode` did, in the words of a methods section: by what its commands were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = dict[str, Any]
Said = tuple[str, list[str]]
_LDGM = "Nowbandegani et al. 2023, Nat. Genet. 55:1494 (LDGM)"
_SHRINKAGE = "Schäfer and Strimmer 2005, Stat. Appl. Genet. Mol. Biol. 4:32 (shrinkage)"
_LDSC = "Bulik-Sullivan et al. 2015, Nat. Genet. 47:291 (LD scores)"


def _any(runs: list[Run], **wanted: object) -> bool:
    """Say whether any run had a parameter of a given value."""
    return any(run.get("parameters", {}).get(name) == value for run in runs for name, value in wanted.items())


def _given(runs: list[Run], name: str) -> bool:
    """Say whether any run was given files by an option."""
    return any(run.get("inputs", {}).get(name) for run in runs)


def _genotypes(runs: list[Run]) -> Said:
    text = "Genotypes were filtered on frequency, missingness and Hardy-Weinberg proportions."
    if any(run.get("parameters", {}).get("ploidy", 2) != 2 for run in runs):
        text = "Genotypes were filtered on frequency and missingness."
    return text, ["Chang et al. 2015, GigaScience 4:7"]


def _structure(runs: list[Run]) -> Said:
    text = "Relatives were found by KING-robust kinship coefficients; samples were split so that relatives stay together, and principal components were fitted on unrelated training samples."
    return text, ["Manichaikul et al. 2010, Bioinformatics 26:2867 (KING)"]


def _matrix(runs: list[Run]) -> Said:
    fitted = "training samples alone" if _given(runs, "splits") else "all samples"
    return f"Imputation and coding of genotypes were fitted on {fitted}.", []


def _sumstats(runs: list[Run]) -> Said:
    said = []
    if _given(runs, "genotypes") or not _given(runs, "input"):
        said.append("Association was tested variant by variant (least squares for quantitative traits, score tests for binary ones).")
    if _given(runs, "input"):
        lifted = ", lifted over" if _given(runs, "chain") else ""
        said.append(f"Summary statistics of other studies were harmonised{lifted} by alleles, strand and build.")
    return " ".join(said), []


def _ld(runs: list[Run]) -> Said:
    papers = []
    text = "LD was computed as the correlation of effect-allele dosages." if _given(runs, "genotypes") or not _given(runs, "input") else ""
    if _given(runs, "input"):
        text = f"{text} LD was taken over from published matrices.".strip()
        names = [file["name"] for run in runs for file in run.get("inputs", {}).get("input", [])]
        papers += [_LDGM] if any("edgelist" in name for name in names) else []
    if any(str(run.get("parameters", {}).get("shrinkage", "0")) not in ("0", "0.0") for run in runs):
        text, papers = f"{text} Correlations were shrunk towards zero.", [*papers, _SHRINKAGE]
    if _any(runs, ld_scores=True):
        text, papers = f"{text} LD scores were computed.", [*papers, _LDSC]
    return text, papers


def _haplotypes(runs: list[Run]) -> Said:
    return "Haplotypes were cut into windows along the genome.", []


def _annotations(runs: list[Run]) -> Said:
    return "Variants or windows were annotated with intervals, signal tracks, genes and tables.", [
        "Open2C et al. 2024, Bioinformatics 40:btae088 (bioframe)"
    ]


def _sequences(runs: list[Run]) -> Said:
    genome = _given(runs, "regions") or _given(runs, "gtf") or not any(run.get("inputs") for run in runs)
    said = ["Sequences were taken from the reference genome." if genome else "Sequences were encoded."]
    if _given(runs, "variants"):
        said.append("The alleles of each person's haplotypes were put in.")
    contigs = any(run.get("parameters", {}).get("test_contigs") for run in runs)
    said.append("Whole contigs were held out for testing." if contigs else "")
    separate = _any(runs, near_copies="separate")
    said.append("Sequences that share many 12-mers were kept on one side of the split." if separate else "")
    return " ".join(filter(None, said)), ["Broder 1997, Compression and Complexity of Sequences 21 (MinHash)"] if separate else []


ENCODE: dict[str, Callable[[list[Run]], Said]] = {
    "genotypes": _genotypes,
    "structure": _structure,
    "matrix": _matrix,
    "sumstats": _sumstats,
    "ld": _ld,
    "haplotypes": _haplotypes,
    "annotations": _annotations,
    "sequences": _sequences,
}
