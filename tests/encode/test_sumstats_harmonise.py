"""Summary statistics against a genome, a panel and a chain file: build, strand, order of alleles, palindromes, liftover."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_sumstats import COMPLEMENT, CONTIGS, LENGTH, WRITTEN, Study, encode_here, simulate
from lucidseq.core.card import read_card
from lucidseq.core.schema import DROPPED, SUMSTATS
from lucidseq.core.tables import read_table
from lucidseq.encode.sumstats.builds import BUILDS, name_of, possible
from lucidseq.encode.sumstats.contigs import match_names
from support import assert_bad_input, run_cli, run_ok


@pytest.fixture(scope="module")
def study() -> Study:
    return simulate(seed=2, variants=600)


def encode(rows: pd.DataFrame, folder: Path, *words: object) -> pd.DataFrame:
    path = WRITTEN["gwas-ssf"].write(rows, folder / "in.tsv")
    encode_here("--input", path, *words, "--out", folder / "h")
    return read_table(folder / "h.sumstats.tsv.gz", SUMSTATS)


def counts(folder: Path) -> dict[str, int]:
    table = pd.read_csv(folder / "h.sumstats.qc.tsv", sep="\t")
    noted = {step.rpartition(": ")[0]: int(step.rpartition(": ")[2]) for step in table["step"] if ": " in step}
    return {**dict(zip(table["step"], table["removed"], strict=True)), **noted}


def checks(folder: Path) -> dict[str, object]:
    return {check.name: check for check in read_card(folder / "h.encode_sumstats.card.json").checks}


def assert_true(found: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Each row names one of the true alleles as the effect allele and its numbers with it."""
    joined = found.merge(rows, left_on="rsid", right_on="name")
    assert len(joined) == len(found)
    same = (joined["effect_allele"] == joined["effect"]) & (joined["other_allele"] == joined["other"])
    turned = (joined["effect_allele"] == joined["other"]) & (joined["other_allele"] == joined["effect"])
    assert (same | turned).all()
    sign = np.where(same, 1.0, -1.0)
    assert np.allclose(joined["z_x"], sign * joined["z_y"], rtol=1e-9)
    assert np.allclose(joined["beta_x"], sign * joined["beta_y"], rtol=1e-9)
    assert np.allclose(joined["effect_allele_frequency"], np.where(same, joined["frequency"], 1 - joined["frequency"]))


def complemented(rows: pd.DataFrame, mask: np.ndarray) -> pd.DataFrame:
    changed = rows.copy()
    for name in ("effect", "other"):
        changed.loc[mask, name] = [text.translate(COMPLEMENT)[::-1] for text in changed.loc[mask, name]]
    return changed


def palindromic(rows: pd.DataFrame) -> np.ndarray:
    return np.array([a.translate(COMPLEMENT)[::-1] == b for a, b in zip(rows["effect"], rows["other"], strict=True)])


def test_reverse_strand__every_row_is_flipped_palindromes_too(study: Study, tmp_path: Path) -> None:
    snps = study.rows[(study.rows["ref"].str.len() == 1) & (study.rows["alt"].str.len() == 1)]
    found = encode(complemented(snps, np.ones(len(snps), dtype=bool)), tmp_path, "--fasta", study.write_fasta(tmp_path / "g.fa"))
    assert len(found) == len(snps)
    assert_true(found, snps)
    assert checks(tmp_path)["strand of the file"].value == "reverse"
    assert counts(tmp_path)["strand flipped"] == len(snps)


def test_mixed_strands__palindromes_leave_without_a_panel_and_stay_with_frequencies(study: Study, tmp_path: Path) -> None:
    rows = study.rows
    mask = np.random.default_rng(5).random(len(rows)) < 0.4
    mixed, fasta = complemented(rows, mask), study.write_fasta(tmp_path / "g.fa")
    found = encode(mixed, tmp_path, "--fasta", fasta)
    assert_true(found, rows)
    assert len(found) == len(rows) - palindromic(rows).sum()
    assert counts(tmp_path)["palindromic, strand unknown"] == palindromic(rows).sum()
    assert checks(tmp_path)["strand of the file"].verdict == "caution"
    (tmp_path / "p").mkdir()
    found = encode(mixed, tmp_path / "p", "--fasta", fasta, "--panel", study.write_panel(tmp_path / "panel.tsv"))
    assert_true(found, rows)
    common = np.minimum(rows["frequency"], 1 - rows["frequency"]) > 0.4
    assert len(found) == len(rows) - (palindromic(rows) & common).sum()
    result = run_cli(
        "encode", "sumstats", "--input", tmp_path / "in.tsv", "--fasta", fasta, "--strand", "forward", "--out", tmp_path / "f" / "h"
    )
    assert_bad_input(result, "mixed strand", "--strand", folder=tmp_path / "f")


def test_panel_alone__strand_order_and_palindromes(study: Study, tmp_path: Path) -> None:
    """Rows in random order of alleles and on random strands come back in the panel's, those that it has."""
    rng = np.random.default_rng(6)
    rows = study.rows
    panel = study.write_panel(tmp_path / "panel.tsv")
    table = pd.read_csv(panel, sep="\t")
    table.iloc[10:].to_csv(panel, sep="\t", index=False)
    found = encode(complemented(rows, rng.random(len(rows)) < 0.5), tmp_path, "--panel", panel)
    assert_true(found, rows)
    truth = rows.set_index("name").loc[found["rsid"]]
    assert np.array_equal(found["effect_allele"], truth["alt"]) and np.array_equal(found["other_allele"], truth["ref"])
    rare = np.minimum(rows["frequency"], 1 - rows["frequency"]) <= 0.4
    kept = (~palindromic(rows) | rare).to_numpy().copy()
    kept[:10] = False
    assert len(found) == kept.sum()
    assert counts(tmp_path)["not in the panel"] == 10
    assert checks(tmp_path)["correlation of frequencies with the panel's"].value > 0.999


@pytest.mark.parametrize("strand", ["forward", "reverse"])
def test_panel_without_frequencies__palindromes_follow_the_other_variants(strand: str, study: Study, tmp_path: Path) -> None:
    rows = study.rows
    given = complemented(rows, np.full(len(rows), strand == "reverse"))
    found = encode(given, tmp_path, "--panel", study.write_bim(tmp_path / "p.bim", effect_first=False))
    assert len(found) == len(rows)
    assert_true(found, rows)


def test_panel_forms__bim_pvar_store_and_table_agree(study: Study, tmp_path: Path) -> None:
    rows = study.rows[~palindromic(study.rows)]
    pvar = tmp_path / "p.pvar"
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tINFO"]
    lines += [f"{r.chromosome}\t{r.position}\t{r.name}\t{r.ref}\t{r.alt}\tAC=1;AF=0.25" for r in study.rows.itertuples()]
    pvar.write_text("\n".join(lines) + "\n")
    panels = [study.write_bim(tmp_path / "p.bim", effect_first=False), pvar, study.write_panel(tmp_path / "p.tsv")]
    results = [encode(rows, tmp_path, "--panel", panel, "--force") for panel in panels]
    for other in results[1:]:
        pd.testing.assert_frame_equal(results[0], other)


def test_names__at_several_places_of_the_panel_leave(study: Study, tmp_path: Path) -> None:
    path = WRITTEN["ldsc"].write(study.rows, tmp_path / "in.txt")
    bim = study.write_bim(tmp_path / "p.bim")
    lines = bim.read_text().splitlines()
    fields = lines[7].split("\t")
    bim.write_text("\n".join([*lines, "\t".join([*fields[:3], "29000", *fields[4:]]), lines[9]]) + "\n")  # rows 8 elsewhere, and 10 again
    encode_here("--input", path, "--panel", bim, "--out", tmp_path / "h")
    assert counts(tmp_path)["name at several places of the panel"] == 1
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    assert set(study.rows["name"]) - set(found["rsid"]) == {study.rows["name"][7]}


def test_one_allele__several_variants_at_a_place_are_told_by_name(study: Study, tmp_path: Path) -> None:
    """Two variants that share place and A1: each takes the other allele of its own name; without names both leave."""
    rows = study.rows[(study.rows["ref"].str.len() == 1) & (study.rows["alt"].str.len() == 1)].iloc[:20].copy()
    twin = rows.iloc[[3]].assign(name="rs999", other=next(b for b in "ACGT" if b not in set(rows.iloc[3][["effect", "other"]])))
    both = pd.concat([rows, twin], ignore_index=True)
    path = WRITTEN["plink1-linear"].write(both, tmp_path / "in.txt")
    bim = Study(both, study.genome).write_bim(tmp_path / "p.bim")
    encode_here("--input", path, "--panel", bim, "--out", tmp_path / "h")
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS).merge(both, left_on="rsid", right_on="name")
    assert len(found) == 21
    assert np.array_equal(found["other_allele"], found["other"]) and np.array_equal(found["effect_allele"], found["effect"])
    bim.write_text("\n".join("\t".join([line.split("\t")[0], ".", *line.split("\t")[2:]]) for line in bim.read_text().splitlines()) + "\n")
    encode_here("--input", path, "--panel", bim, "--out", tmp_path / "h", "--force")
    assert counts(tmp_path)["other allele unknown"] == 2
    assert len(read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)) == 19


def test_wrong_effect_allele__the_card_refuses(study: Study, tmp_path: Path) -> None:
    rows = study.rows.assign(effect=study.rows["other"], other=study.rows["effect"])
    encode(rows, tmp_path, "--panel", study.write_panel(tmp_path / "panel.tsv"))
    check = checks(tmp_path)["correlation of frequencies with the panel's"]
    assert check.verdict == "refuse" and check.value < -0.9


def test_contigs__padded_with_zeros_are_the_genomes(study: Study, tmp_path: Path) -> None:
    """UK Biobank's BGEN files call chromosomes 01 to 09, and so does what SAIGE and BOLT-LMM write of them."""
    fasta = study.write_fasta(tmp_path / "g.fa")
    plain = encode(study.rows, tmp_path, "--fasta", fasta)
    number = study.rows["chromosome"]
    padded = study.rows.assign(chromosome=number.where(~number.str.isdigit(), number.str.zfill(2)))
    assert (padded["chromosome"] == "01").any()
    found = encode(padded, tmp_path, "--fasta", fasta, "--force")
    assert counts(tmp_path).get("contig not in the FASTA", 0) == 0
    pd.testing.assert_frame_equal(found, plain)


def test_contigs__of_a_padded_panel() -> None:
    assert match_names(["1", "chr2", "10", "X"], ["01", "chr02", "10"], {}) == {"1": "01", "chr2": "chr02", "10": "10"}


def test_other_build__is_refused(study: Study, tmp_path: Path) -> None:
    other = simulate(seed=77).write_fasta(tmp_path / "other.fa")
    for name, rows in (("build", study.rows), ("shift", study.rows.assign(position=study.rows["position"] - 1))):
        path = WRITTEN["gwas-ssf"].write(rows, tmp_path / f"{name}.tsv")
        fasta = other if name == "build" else study.write_fasta(tmp_path / "g.fa")
        result = run_cli("encode", "sumstats", "--input", path, "--fasta", fasta, "--out", tmp_path / "out" / "h")
        assert_bad_input(result, "at least 90 %", "--chain", folder=tmp_path / "out")


def test_vcf_contig_lengths__of_another_build_are_refused(study: Study, tmp_path: Path) -> None:
    path = WRITTEN["gwas-vcf"].write(study.rows, tmp_path / "in.vcf")
    path.write_text(path.read_text().replace("##contig=<ID=1,length=30000>", "##contig=<ID=1,length=249250621>"))
    result = run_cli(
        "encode", "sumstats", "--input", path, "--fasta", study.write_fasta(tmp_path / "g.fa"), "--out", tmp_path / "out" / "h"
    )
    assert_bad_input(result, "249250621 (GRCh37 (hg19))", "30000", folder=tmp_path / "out")


def test_builds__lengths_add_up_and_tell_builds_apart() -> None:
    """Totals of chromosomes 1-22, X and Y as the assemblies report them."""
    totals = {
        "GRCh37 (hg19)": 3_095_677_412,
        "GRCh38 (hg38)": 3_088_269_832,
        "T2T-CHM13v2.0 (hs1)": 3_117_275_501,
        "NCBI36 (hg18)": 3_080_419_480,
    }
    assert {name: sum(lengths.values()) for name, lengths in BUILDS.items()} == totals
    for name, lengths in BUILDS.items():
        assert name_of({f"chr{contig}": length for contig, length in lengths.items()}) == name
    assert name_of({"1": 5}) is None
    assert possible({"chr1": 249_000_000}) == ["GRCh37 (hg19)"]


# --- liftover ---


def lifted_study(study: Study) -> tuple[Study, str, np.ndarray]:
    """Another build: 500 bases more at the start of 1, the middle of 2 upside down, X of two contigs; return it, its chain, and which rows lift."""
    old = study.genome
    extra = "ACGTTGCA" * 62 + "ACGT"
    flipped = old["2"][10_000:20_000].translate(COMPLEMENT)[::-1]
    new = {"1": extra + old["1"], "2": old["2"][:10_000] + flipped + old["2"][20_000:], "X": old["X"][15_000:], "Xq": old["X"][:15_000]}
    sizes = {contig: len(bases) for contig, bases in new.items()}
    chains = [
        f"chain 9 chr1 {LENGTH} + 0 {LENGTH} chr1 {sizes['1']} + 500 {sizes['1']} 1\n12000 0 0\n18000\n",
        f"chain 8 chr2 {LENGTH} + 0 10000 chr2 {LENGTH} + 0 10000 2\n10000\n",
        f"chain 7 chr2 {LENGTH} + 10000 20000 chr2 {LENGTH} - 10000 20000 3\n10000\n",
        f"chain 6 chr2 {LENGTH} + 20000 {LENGTH} chr2 {LENGTH} + 20000 {LENGTH} 4\n10000\n",
        f"chain 5 chrX {LENGTH} + 0 15000 chrXq 15000 + 0 15000 5\n15000\n",
        f"chain 4 chrX {LENGTH} + 15000 {LENGTH} chrX 15000 + 0 15000 6\n10000 5000 5000\n",  # the last 5,000 bases have no place
        f"chain 3 chrX {LENGTH} + 1000 2000 chr1 {sizes['1']} + 0 500 7\n400 600 100\n",  # a second hit of 1000-1400
    ]
    rows = study.rows.copy()
    position, contig = rows["position"], rows["chromosome"]
    good = (contig != "2") | (position <= 10_000) | (position > 20_000)
    good &= (contig != "X") | ((position <= 25_000) & ~((position > 1000) & (position <= 1400)))
    moved = position + np.select([contig == "1", (contig == "X") & (position > 15_000)], [500, -15_000], 0)
    target = np.where((contig == "X") & (position <= 15_000), "Xq", contig)
    return Study(rows.assign(position=moved, chromosome=target), new), "\n".join(chains), good.to_numpy()


def test_liftover__positions_move_and_what_does_not_lift_is_listed(study: Study, tmp_path: Path) -> None:
    new, chain, good = lifted_study(study)
    snps = (study.rows["ref"].str.len() == 1) & (study.rows["alt"].str.len() == 1)
    rows, good = study.rows[snps], good[snps]
    (tmp_path / "old.chain").write_text(chain)
    fasta = new.write_fasta(tmp_path / "g.fa")
    found = encode(rows, tmp_path, "--chain", tmp_path / "old.chain", "--fasta", fasta)
    wanted = new.rows[snps][good]
    assert_true(found, rows)
    assert set(found["rsid"]) == set(wanted["name"])
    joined = found.merge(wanted, left_on="rsid", right_on="name")
    assert np.array_equal(joined["base_pair_location"], joined["position"])
    assert np.array_equal(joined["chromosome_x"], "chr" + joined["chromosome_y"])
    noted, position, contig = counts(tmp_path), rows["position"], rows["chromosome"]
    assert noted["lifted to the other strand"] == ((contig == "2") & (position > 10_000) & (position <= 20_000)).sum()
    assert noted["lifted to several places"] == ((contig == "X") & (position > 1000) & (position <= 1400)).sum() > 0
    assert noted["not lifted"] == ((contig == "X") & (position > 25_000)).sum() > 0
    dropped = read_table(tmp_path / "h.sumstats.dropped.tsv.gz", DROPPED).merge(rows, left_on="rsid", right_on="name")
    assert len(dropped) == (~good).sum()
    assert np.array_equal(dropped["base_pair_location"].astype(int), dropped["position"])  # the old ones


def test_liftover__by_the_chain_of_another_pair_is_refused(study: Study, tmp_path: Path) -> None:
    _, chain, _ = lifted_study(study)
    (tmp_path / "old.chain").write_text(chain)
    path = WRITTEN["gwas-ssf"].write(study.rows, tmp_path / "in.tsv")
    words = ("encode", "sumstats", "--input", path, "--chain", tmp_path / "old.chain")
    result = run_cli(*words, "--fasta", study.write_fasta(tmp_path / "old.fa"), "--out", tmp_path / "out" / "h")
    assert_bad_input(result, "30500", "30000", folder=tmp_path / "out")
    (tmp_path / "broken.chain").write_text(chain.replace("12000 0 0", "12000 x 0"))
    result = run_cli(*words[:-1], tmp_path / "broken.chain", "--out", tmp_path / "out" / "h")
    assert_bad_input(result, "'12000 x 0'", "line 2", folder=tmp_path / "out")
    (tmp_path / "empty.chain").write_text("# nothing\n")
    result = run_cli(*words[:-1], tmp_path / "empty.chain", "--out", tmp_path / "out" / "h")
    assert_bad_input(result, "no chain", folder=tmp_path / "out")


def test_liftover__there_and_back_is_the_identity(study: Study, tmp_path: Path) -> None:
    first = f"chain 9 chr1 {LENGTH} + 0 {LENGTH} chr1 30500 + 500 30500 1\n30000\n"
    back = f"chain 9 chr1 30500 + 500 30500 chr1 {LENGTH} + 0 {LENGTH} 1\n30000\n"
    (tmp_path / "a.chain").write_text(first)
    (tmp_path / "b.chain").write_text(back)
    rows = study.rows[study.rows["chromosome"] == "1"]
    encode(rows, tmp_path, "--chain", tmp_path / "a.chain")
    encode_here("--input", tmp_path / "h.sumstats.tsv.gz", "--chain", tmp_path / "b.chain", "--out", tmp_path / "b")
    found = read_table(tmp_path / "b.sumstats.tsv.gz", SUMSTATS)
    assert np.array_equal(found["base_pair_location"], np.sort(rows["position"]))


def test_order__rows_in_any_order_give_the_same_file(study: Study, tmp_path: Path) -> None:
    fasta = study.write_fasta(tmp_path / "g.fa")
    first = encode(study.rows, tmp_path, "--fasta", fasta)
    (tmp_path / "o").mkdir()
    second = encode(study.rows.sample(frac=1, random_state=1), tmp_path / "o", "--fasta", fasta)
    pd.testing.assert_frame_equal(first, second)
    assert first["chromosome"].unique().tolist() == [f"chr{contig}" for contig in CONTIGS]


def test_liftover__an_allele_may_end_at_the_last_base_of_a_block_but_not_beyond(tmp_path: Path) -> None:
    """A block of bases 1 to 100: three bases from 98 lie in it, from 99 they do not."""
    header = "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\tn\n"
    rows = [f"1\t{position}\tA\tACG\t0.1\t0.02\t900\n" for position in (98, 99)] + ["1\t100\tA\tC\t0.1\t0.02\t900\n"]
    (tmp_path / "in.tsv").write_text(header + "".join(rows))
    (tmp_path / "old.chain").write_text("chain 1 1 1000 + 0 200 1 1000 + 10 215 1\n100 0 5\n100\n")
    run_ok("encode", "sumstats", "--input", tmp_path / "in.tsv", "--chain", tmp_path / "old.chain", "--out", tmp_path / "x")
    table = pd.read_csv(tmp_path / "x.sumstats.tsv.gz", sep="\t")
    assert table["base_pair_location"].tolist() == [108, 110]
