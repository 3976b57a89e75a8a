"""report: the findings at the top of the page are those in the files, each with the verdict of its own card; recurring motifs are those planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lucidseq.core.card import Card, Verdict
from lucidseq.report import findings
from lucidseq.report.recurring_motifs import FLANK, WIDTH, RecurringMotif, best_score, recurring_motifs
from lucidseq.report.result_files import Results, read_results
from report.inputs import Study
from support import run_ok

WORD = np.array([0, 3, 3, 2, 1, 2, 1, 0])  # ATTGCGCA
SHARP = np.where(np.arange(4) == WORD[:, np.newaxis], 0.97, 0.01)


def planted(rng: np.random.Generator, sequences: int = 200, length: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Return random bases with the word in half of them, forward or reverse, and contributions on it and noise elsewhere."""
    codes = rng.integers(0, 4, (sequences, length)).astype(np.uint8)
    contributions = rng.normal(0, 0.02, (sequences, length))
    for row in range(0, sequences, 2):
        start = int(rng.integers(FLANK, length - WIDTH - FLANK))
        codes[row, start : start + WIDTH] = WORD if row % 4 else 3 - WORD[::-1]
        contributions[row, start : start + WIDTH] = 0.3
    return codes, contributions


def test_recurring_motif__is_the_planted_word_from_both_strands() -> None:
    codes, contributions = planted(np.random.default_rng(1))
    first = recurring_motifs(codes, contributions)[0]
    assert first.consensus in ("ATTGCGCA", "TGCGCAAT")
    assert first.sequences >= 95 and first.occurrences <= 115
    inside = first.contributions[FLANK:-FLANK].sum(axis=1)
    assert (inside > 0.2).all() and (np.abs(first.contributions[:FLANK].sum(axis=1)) < 0.05).all()


def test_recurring_motifs__are_the_same_of_reverse_complements() -> None:
    codes, contributions = planted(np.random.default_rng(2))
    codes[:3, :20] = 4  # N
    given = recurring_motifs(codes, contributions)
    turned = recurring_motifs(np.where(codes < 4, 3 - codes, 4)[:, ::-1].astype(np.uint8), contributions[:, ::-1].copy())
    assert [motif.occurrences for motif in given] == [motif.occurrences for motif in turned]
    assert given[0].consensus in (turned[0].consensus, turned[0].consensus[::-1].translate(str.maketrans("ACGT", "TGCA")))


def test_recurring_motifs__are_none_where_nothing_recurs() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, (20, 60)).astype(np.uint8)
    assert recurring_motifs(codes, np.zeros((20, 60))) == []
    assert recurring_motifs(codes, rng.normal(0, 0.02, (20, 60))) == []
    assert recurring_motifs(codes[:, :12], np.ones((20, 12))) == []


def motif() -> RecurringMotif:
    frequencies = np.full((WIDTH + 2 * FLANK, 4), 0.25)
    frequencies[FLANK:-FLANK] = SHARP
    return RecurringMotif(50, 40, frequencies, frequencies - 0.25)


def test_best_score__is_the_log_odds_of_the_word_on_either_strand() -> None:
    codes = np.zeros(40, dtype=np.uint8)
    codes[16:24] = WORD
    expected = WIDTH * np.log2(0.97 * 4)
    assert best_score(motif(), codes, 18) == pytest.approx(expected)
    assert best_score(motif(), 3 - codes[::-1], 40 - 1 - 18) == pytest.approx(expected)
    assert best_score(motif(), codes[:5], 2) == -np.inf


@pytest.mark.parametrize(("alleles", "verb"), [(("G", "A"), "breaks"), (("A", "G"), "makes")])
def test_motif_change__is_told_by_the_bases_around(alleles: tuple[str, str], verb: str) -> None:
    codes = np.zeros(40, dtype=np.uint8)
    codes[16:24] = WORD
    effects = pd.DataFrame(
        {"base_pair_location": [20], "other_allele": alleles[0], "effect_allele": alleles[1], "target_name": "t"}, index=["v"]
    )
    motifs = {("t", "deepshap"): [motif()], ("u", "deepshap"): [motif()]}
    low, high = WIDTH * np.log2(0.97 * 4) - np.log2(97), WIDTH * np.log2(0.97 * 4)
    first, second = (high, low) if verb == "breaks" else (low, high)
    assert findings.motif_change("v", effects, lambda _: (codes, 19), motifs) == f"{verb} ATTGCGCA ({first:.1f} to {second:.1f} bits)"
    assert findings.motif_change("v", effects, lambda _: None, motifs) == ""
    assert findings.motif_change("v", effects.assign(effect_allele="AT"), lambda _: (codes, 19), motifs) == ""
    assert findings.motif_change("v", effects.assign(target_name="z"), lambda _: (codes, 19), motifs) == ""


@pytest.mark.parametrize(
    ("position", "expected"), [(150, "A, B"), (201, "B"), (200, "A, B"), (301, "B (0.1 kb away)"), (90, "A (0.0 kb away)"), (2_000_000, "")]
)
def test_nearest_gene__is_the_one_around_or_the_closest(position: int, expected: str) -> None:
    genes = pd.DataFrame({"gene_name": ["A", "B", "C"], "contig": ["1", "1", "2"], "start": [99, 120, 0], "end": [200, 201, 10**9]})
    place = pd.Series({"chromosome": "1", "base_pair_location": position})
    found = findings.nearest_gene(genes, place)
    assert found == expected


def test_credible_sets__have_genes_and_the_verdict_of_their_trait(study: Study) -> None:
    results = read_results([study.files[kind] for kind in ("pips", "credible_sets", "effects")])
    results.cards = [(name, Card("finemap", "locus")) for name in ("all", "other")]
    label = results.table("credible_sets")[0][0]
    results.cards[0] = (label, results.cards[0][1])
    for (_, card), worst in zip(results.cards, (Verdict.CAUTION, Verdict.REFUSE), strict=True):
        card.add("x", 1, worst, threshold="0", advice="advice")
    (title, _, table) = findings.findings(results, study.gtf, None, {})[0]
    assert title == "Credible sets and their genes"
    assert table["trust"].tolist() == ["caution", "caution"]
    assert table["gene"].tolist() == ["NAME1", "NAME4 (1.5 kb away)"]
    assert findings.verdict(Results(), "finemap", "locus", label) == "no card"
    assert findings.verdict(results, "finemap", "locus", "unknown") == "refuse"


def test_folder__is_read_without_what_other_programs_and_an_earlier_report_left(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    (folder / "deep").mkdir(parents=True)
    for path in study.files.values():
        (folder / "deep" / path.name).write_bytes(path.read_bytes())
    (folder / "notes.txt").write_text("mine\n")
    (folder / "empty.tsv").write_text("")
    (folder / ".hidden.tsv").write_text("a\tb\n")
    (folder / "model.keras").write_bytes(b"PK\x03\x04" + bytes(8))
    run_ok("report", "build", *study.results, "--out", tmp_path / "files" / "x")
    whole = run_ok("report", "build", "--results", folder, "--out", folder / "x")
    run_ok("report", "build", "--results", folder, "--out", tmp_path / "again" / "x")
    of_files, of_folder, of_both = [(path / "x.report.html").read_text() for path in (tmp_path / "files", folder, tmp_path / "again")]
    assert of_files == of_folder == of_both
    assert "notes.txt" in whole.stderr and "model.keras" in whole.stderr


def test_networks_and_tracks__are_accepted_as_files(study: Study, tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"PK\x03\x04" + bytes(8))
    (tmp_path / "maps.bw").write_bytes(bytes.fromhex("26fc8f88") + bytes(8))
    results = read_results([tmp_path / "model.keras", tmp_path / "maps.bw", study.files["pips"]])
    assert [path.name for path in results.skipped] == ["maps.bw", "model.keras"] and results.table("pips")
