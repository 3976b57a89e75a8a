"""`encode structure` through the command line: planted families, fallbacks, tables, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_structure import Pedigree, calls_of, write_store
from lucidseq.core.card import Card, Verdict, read_card
from lucidseq.core.schema import PCS, SPLITS
from lucidseq.core.splits import read_splits
from lucidseq.core.tables import read_table
from lucidseq.encode.structure.groups import read_groups
from support import assert_bad_input, run_cli, run_ok

VARIANTS = 10_000


def run(store: Path, out: Path, *options: object) -> tuple[pd.DataFrame, pd.DataFrame, Card]:
    """Run the command; return the tables of pairs and splits, and the card."""
    run_ok("encode", "structure", "--genotypes", store, "--out", out, "--components", 3, *options)
    pairs = pd.read_csv(f"{out}.kinship.tsv", sep="\t", na_values="#NA")
    splits = pd.read_csv(f"{out}.splits.tsv", sep="\t")
    return pairs, splits, read_card(Path(f"{out}.encode_structure.card.json"))


def found(card: Card, name: str) -> tuple[object, Verdict]:
    return next((check.value, check.verdict) for check in card.checks if check.name.startswith(name))


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, str], str]]:
    """Six families of eleven and 34 people who are related to nobody; 1 % of the genotypes missing."""
    pedigree = Pedigree(VARIANTS, 3)
    people: list[np.ndarray] = []
    truth = {}
    for _ in range(6):
        family, degree = pedigree.family()
        truth |= {(f"s{a + len(people)}", f"s{b + len(people)}"): word for (a, b), word in degree.items()}
        people += family
    people += [pedigree.founder() for _ in range(34)]
    height = np.random.default_rng(1).normal(size=len(people))
    folder = tmp_path_factory.mktemp("families")
    return write_store(folder / "g.h5", calls_of(people, missing=0.01), traits={"height": height}), truth


def test_pedigree__every_planted_pair_is_found_with_its_degree(families: tuple[Path, dict], tmp_path: Path) -> None:
    store, truth = families
    pairs, _, card = run(store, tmp_path / "r", "--min-kinship", 0.0442)
    seen = {(row.sample_1, row.sample_2): row.relationship for row in pairs.itertuples()}
    strong = {pair: word for pair, word in truth.items() if word != "third"}
    assert {pair: seen.get(pair) for pair in strong} == strong
    assert {word for pair, word in seen.items() if pair not in truth} <= {"third"}
    cousins = [seen.get(pair) for pair, word in truth.items() if word == "third"]
    assert sum(word in ("second", "third") for word in cousins) >= 0.9 * len(cousins)
    assert found(card, "pairs of duplicates") == (6, Verdict.CAUTION)


def test_split__no_relatives_are_on_both_sides(families: tuple[Path, dict], tmp_path: Path) -> None:
    store, truth = families
    _, splits, card = run(store, tmp_path / "r", "--folds", 4)
    split, fold = splits.set_index("sample")["split"], splits.set_index("sample")["fold"]
    close = [pair for pair, word in truth.items() if word != "third"]
    assert all(split[a] == split[b] and fold[a] == fold[b] for a, b in close)
    assert splits["split"].value_counts().to_dict() == {"train": 70, "test": 20, "valid": 10}
    assert splits["fold"].value_counts().between(23, 27).all()
    assert splits.groupby("group")["split"].nunique().max() == 1
    assert found(card, "largest kinship across")[1] is Verdict.OK
    assert found(card, "identical genotypes")[0] == 0


def test_components__are_fitted_on_unrelated_training_samples(families: tuple[Path, dict], tmp_path: Path) -> None:
    store, truth = families
    _, splits, _ = run(store, tmp_path / "r")
    fitted = set(splits["sample"][splits["components"] == "fitted"])
    assert fitted <= set(splits["sample"][splits["split"] == "train"])
    assert not [pair for pair, word in truth.items() if word != "third" and set(pair) <= fitted]
    table = read_table(tmp_path / "r.pcs.tsv", PCS)
    assert list(table.columns) == ["sample", "PC1", "PC2", "PC3"]
    inside = table[table["sample"].isin(fitted)]
    assert np.allclose((inside[["PC1", "PC2", "PC3"]] ** 2).mean(), 1, atol=1e-4)


def test_components__do_not_change_with_the_test_samples(tmp_path: Path) -> None:
    calls = calls_of([Pedigree(800, seed).founder() for seed in range(60)])
    rows = pd.DataFrame({"sample": [f"s{row}" for row in range(60)], "split": ["train"] * 40 + ["valid"] * 5 + ["test"] * 15})
    rows.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    other = calls.copy()
    other[:, 45:] = np.random.default_rng(5).integers(0, 3, (800, 15))
    tables = []
    for name, values in (("a", calls), ("b", other)):
        run(write_store(tmp_path / f"{name}.h5", values), tmp_path / name, "--split-table", tmp_path / "t.tsv")
        tables.append(read_table(tmp_path / f"{name}.pcs.tsv", PCS))
        assert pd.read_csv(tmp_path / f"{name}.splits.tsv", sep="\t")["split"].tolist() == rows["split"].tolist()
    assert tables[0][:45].equals(tables[1][:45])
    assert not tables[0][45:].equals(tables[1][45:])


def test_groups__stay_together_and_relatives_across_them_are_told(families: tuple[Path, dict], tmp_path: Path) -> None:
    store, _ = families
    names = [f"s{row}" for row in range(100)]
    frame = pd.DataFrame({"FID": "f", "IID": names, "batch": [row % 10 for row in range(100)], "site": "one"})
    frame.iloc[:-3].to_csv(tmp_path / "g.tsv", sep="\t", index=False)
    _, splits, card = run(store, tmp_path / "r", "--groups", tmp_path / "g.tsv", "--group-column", "batch")
    batches = splits.iloc[:97].groupby([row % 10 for row in range(97)])
    assert batches["split"].nunique().max() == 1
    assert splits["group"].tolist()[97:] == ["sample s97", "sample s98", "sample s99"]
    assert found(card, "largest kinship across")[1] is Verdict.REFUSE  # copies are in two batches
    refused = run_cli(
        "encode",
        "structure",
        "--genotypes",
        store,
        "--groups",
        tmp_path / "g.tsv",
        "--group-column",
        "batch",
        "--out",
        tmp_path / "r2",
        "--strict",
    )
    assert refused.returncode == 5


def test_random__only_when_asked_for_and_with_a_caution(families: tuple[Path, dict], tmp_path: Path) -> None:
    _, splits, card = run(families[0], tmp_path / "r", "--split-by", "random")
    assert splits["group"].nunique() == 100
    assert found(card, "split")[1] is Verdict.CAUTION
    assert found(card, "identical genotypes")[0] == 0  # 1 % missing: copies differ in what is missing
    assert found(card, "largest kinship across")[1] is not Verdict.OK


def test_one_large_family__falls_back_to_clusters_and_says_so(tmp_path: Path) -> None:
    pedigree = Pedigree(2000, 8)
    mother = pedigree.founder()
    people = [mother] + [pedigree.child(mother, pedigree.founder()) for _ in range(40)] + [pedigree.founder() for _ in range(30)]
    store = write_store(tmp_path / "g.h5", calls_of(people))
    _, splits, card = run(store, tmp_path / "r", "--clusters", 8)
    value, verdict = found(card, "split")
    assert "8 clusters" in str(value) and "58%" in str(value) and verdict is Verdict.CAUTION
    assert set(splits["split"]) == {"train", "valid", "test"}
    assert splits.groupby("group")["split"].nunique().max() == 1
    assert splits["group"].str.startswith("cluster").all()


def test_populations__clusters_keep_them_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    base = rng.uniform(0.2, 0.8, 1500)
    people = []
    for number in range(6):
        shifted = np.clip(base + rng.normal(0, 0.15, 1500), 0.02, 0.98)
        pedigree = Pedigree(1500, number, shifted)
        people += [pedigree.founder() for _ in range(20)]
    store = write_store(tmp_path / "g.h5", calls_of(people))
    run_ok(
        "encode", "structure", "--genotypes", store, "--out", tmp_path / "r", "--split-by", "clusters", "--clusters", 6, "--components", 5
    )
    splits = pd.read_csv(tmp_path / "r.splits.tsv", sep="\t")
    assert [splits["group"][first : first + 20].nunique() for first in range(0, 120, 20)] == [1] * 6


def test_inbred_lines__have_no_kinship_and_copies_stay_together(tmp_path: Path) -> None:
    calls = 2 * np.random.default_rng(4).integers(0, 2, (1200, 50)).astype(np.int8)
    calls[:, 7] = calls[:, 31]
    pairs, splits, card = run(write_store(tmp_path / "g.h5", calls), tmp_path / "r", "--clusters", 10)
    assert pairs[["sample_1", "sample_2", "relationship"]].to_numpy().tolist() == [["s7", "s31", "duplicate"]]
    assert pairs["kinship"].isna().all() and pairs["identity"].tolist() == [1.0]
    assert splits["group"][7] == splits["group"][31]
    assert found(card, "inbreeding")[1] is Verdict.CAUTION
    assert "kinship is not defined" in str(found(card, "split")[0])


def test_dosages__rounded_within_the_tolerance_give_the_same_relatives(tmp_path: Path) -> None:
    people, _ = Pedigree(1500, 6).family()
    calls = calls_of(people)
    noise = np.random.default_rng(1).uniform(-0.09, 0.09, calls.shape)
    dosage = np.clip(calls + noise, 0, 2).astype(np.float32)
    dosage[:100, 3] = 0.5  # no call
    without = calls.copy()
    without[:100, 3] = -1
    options = ("--split-by", "random", "--max-kinship", 0.4)
    first, _, _ = run(write_store(tmp_path / "a.h5", without), tmp_path / "a", *options)
    second, _, _ = run(write_store(tmp_path / "b.h5", dosage), tmp_path / "b", *options)
    assert first.equals(second) and len(first) > 20


def test_trait__quintiles_are_shared_by_the_sets(families: tuple[Path, dict], tmp_path: Path) -> None:
    store, _ = families
    _, splits, _ = run(store, tmp_path / "r", "--trait", "height", "--folds", 5, "--split-by", "random")
    height = np.random.default_rng(1).normal(size=100)
    quintile = pd.qcut(height, 5, labels=False)
    assert (pd.crosstab(splits["fold"], quintile) == 4).all(axis=None)
    assert (pd.crosstab(splits["split"], quintile).loc["test"] == 4).all()


def test_splits__are_readable_and_components_serve_as_covariates(families: tuple[Path, dict], tmp_path: Path) -> None:
    store, _ = families
    run(store, tmp_path / "r")
    names = [f"s{row}" for row in range(100)]
    splits = read_splits(tmp_path / "r.splits.tsv", names[::-1])
    table = read_table(tmp_path / "r.splits.tsv", SPLITS).set_index("sample")
    assert [["train", "valid", "test"][code] for code in splits.split] == table["split"][names[::-1]].tolist()
    from lucidseq.encode.genotypes.samples import read_sample_table

    assert read_sample_table(tmp_path / "r.pcs.tsv").names == ["PC1", "PC2", "PC3"]


def test_seed__changes_the_order_of_equal_groups(families: tuple[Path, dict], tmp_path: Path) -> None:
    _, one, _ = run(families[0], tmp_path / "a", "--seed", 1)
    _, two, _ = run(families[0], tmp_path / "b", "--seed", 2)
    assert not one["split"].equals(two["split"])


def test_sex_chromosomes_and_excluded_regions__are_left_out(tmp_path: Path) -> None:
    calls = calls_of([Pedigree(1000, seed).founder() for seed in range(40)])
    contig = np.array(["chr1"] * 500 + ["chrX"] * 300 + ["chr2"] * 200, dtype=object)
    start = np.concatenate([np.arange(500), np.arange(300), np.arange(200)]) * 10_000
    store = write_store(tmp_path / "g.h5", calls, contig=contig, start=start)
    (tmp_path / "out.bed").write_text("chr2\t0\t100000000\n")
    log = run_ok("encode", "structure", "--genotypes", store, "--out", tmp_path / "r", "--exclude-regions", tmp_path / "out.bed").stderr
    assert "at 700 variants" in log and "200 variants in the excluded regions" in log
    assert float(found(read_card(tmp_path / "r.encode_structure.card.json"), "variants behind")[0]) <= 500
    (tmp_path / "wrong.bed").write_text("2\t0\t100000000\n")
    result = run_cli(
        "encode", "structure", "--genotypes", store, "--out", tmp_path / "o" / "r", "--exclude-regions", tmp_path / "wrong.bed"
    )
    assert_bad_input(result, "regions on 2", "wrong.bed", folder=tmp_path / "o")


@pytest.mark.parametrize("number", ["23", "chr24", "25", "26"])
def test_numbers_of_sex_chromosomes__count_as_the_build_says(tmp_path: Path, number: str) -> None:
    calls = calls_of([Pedigree(1000, seed).founder() for seed in range(40)])
    contig = np.array(["1"] * 500 + [number] * 500, dtype=object)
    start = np.concatenate([np.arange(500), np.arange(500)]) * 10_000
    tables = {}
    for build, name in (("GRCh38", number), ("GRCh38", "X"), ("unknown", number), ("ARS-UCD1.2", number)):
        names = np.where(contig == number, name, contig)
        store = write_store(tmp_path / "g.h5", calls, contig=names, start=start, build=build)
        *_, card = run(store, tmp_path / f"{build}{name}")
        tables[build, name] = pd.read_csv(tmp_path / f"{build}{name}.pcs.tsv", sep="\t")
        assert any(check.name == "chromosomes 23 to 26" for check in card.checks) == (build == "unknown")
        store.unlink()
    assert tables["GRCh38", number].equals(tables["GRCh38", "X"])
    assert tables["unknown", number].equals(tables["ARS-UCD1.2", number])
    assert not tables["unknown", number].equals(tables["GRCh38", "X"])


def test_groups__of_individuals_whose_names_families_share(tmp_path: Path) -> None:
    (tmp_path / "g.txt").write_text("FID IID batch\nB 1 two\nA 1 one\nA 2 one\nC 9 two\n")
    groups, absent = read_groups(tmp_path / "g.txt", "batch", ["A_1", "A_2", "B_1", "B_2"])
    assert groups.tolist() == ["one", "one", "two", "sample B_2"]
    assert absent == 1


BAD_TABLES = {
    "no-column": ("sample\tset\ns0\ttrain\n", "no column split"),
    "unknown-split": ("sample\tsplit\ns0\ttraining\n", "training"),
    "twice": ("sample\tsplit\ns0\ttrain\ns0\ttest\n", "more than once"),
    "absent": ("sample\tsplit\ns0\ttrain\ns1\ttest\n", "no row for"),
    "other-names": ("sample\tsplit\nx\ttrain\n", "such as s0"),
    "empty": ("", "t.tsv"),
    "no-training": ("sample\tsplit\n" + "".join(f"s{row}\ttest\n" for row in range(30)), "0 training samples"),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    calls = calls_of([Pedigree(300, seed).founder() for seed in range(30)])
    return write_store(tmp_path_factory.mktemp("small") / "g.h5", calls)


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_split_table(name: str, small: Path, tmp_path: Path) -> None:
    text, mention = BAD_TABLES[name]
    (tmp_path / "t.tsv").write_text(text)
    result = run_cli("encode", "structure", "--genotypes", small, "--split-table", tmp_path / "t.tsv", "--out", tmp_path / "o" / "r")
    assert_bad_input(result, mention, "t.tsv", folder=tmp_path / "o")


BAD_GROUPS = {
    "one-column": ("sample\ns0\n", "a header"),
    "short-row": ("sample\tfamily\ns0\n", "1 fields"),
    "twice": ("sample\tfamily\ns0\ta\ns0\tb\n", "more than once"),
    "other-names": ("sample\tfamily\nx\ta\n", "no sample in common"),
    "two-families": ("FID\tIID\tbatch\nA\ts0\ta\nB\ts0\tb\n", "both match sample s0"),
    "no-rows": ("sample\tfamily\n", "no rows"),
}


@pytest.mark.parametrize("name", BAD_GROUPS)
def test_bad_groups(name: str, small: Path, tmp_path: Path) -> None:
    text, mention = BAD_GROUPS[name]
    (tmp_path / "t.tsv").write_text(text)
    result = run_cli("encode", "structure", "--genotypes", small, "--groups", tmp_path / "t.tsv", "--out", tmp_path / "o" / "r")
    assert_bad_input(result, mention, "t.tsv", folder=tmp_path / "o")


@pytest.mark.parametrize(
    "options", [("--valid-share", 0.5, "--test-share", 0.5), ("--folds", 1), ("--max-kinship", 0.02), ("--group-column", "a")]
)
def test_options_that_contradict__are_refused(options: tuple, small: Path, tmp_path: Path) -> None:
    result = run_cli("encode", "structure", "--genotypes", small, "--out", tmp_path / "o" / "r", *options)
    assert_bad_input(result, str(options[0]), folder=tmp_path / "o", exit_code=2)


@pytest.mark.parametrize(
    ("dosage", "contig", "mention"),
    [
        (np.ones((5, 1), np.int8), "chr1", "1 samples"),
        (np.zeros((5, 9), np.int8), "chr1", "do not vary"),
        (np.full((5, 9), -1, np.int8), "chr1", "do not vary"),
        (np.ones((5, 9), np.int8), "chrX", "no variant on an autosome"),
        (np.tile(np.arange(5, dtype=np.int8), (6, 2)), "chr1", "more than 2 copies"),
        (np.tile(np.arange(3, dtype=np.int8), (1, 4)), "chr1", "1 variants for principal components"),
    ],
)
def test_degenerate_genotypes__are_refused(dosage: np.ndarray, contig: str, mention: str, tmp_path: Path) -> None:
    store = write_store(tmp_path / "g.h5", dosage, contig=contig)
    result = run_cli("encode", "structure", "--genotypes", store, "--out", tmp_path / "o" / "r")
    assert_bad_input(result, mention, "g.h5", folder=tmp_path / "o")


def test_unknown_trait__is_refused(small: Path, tmp_path: Path) -> None:
    result = run_cli("encode", "structure", "--genotypes", small, "--trait", "weight", "--out", tmp_path / "o" / "r")
    assert_bad_input(result, "trait weight", folder=tmp_path / "o")


def test_manifest__names_the_inputs(small: Path, tmp_path: Path) -> None:
    run(small, tmp_path / "r")
    said = json.loads((tmp_path / "r.encode_structure.manifest.json").read_text())
    assert "g.h5" in json.dumps(said) and said["parameters"]["components"] == 3


@pytest.mark.parametrize("ploidy", [1, 4])
def test_other_ploidies__have_no_kinship_but_components_and_splits(ploidy: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frequency = np.clip(rng.uniform(0.2, 0.8, (800, 1)) + rng.normal(0, 0.2, (800, 3)), 0.05, 0.95)
    calls = rng.binomial(ploidy, frequency[:, np.arange(60) % 3]).astype(np.int8)
    calls[rng.random(calls.shape) < 0.01] = -1
    store = write_store(tmp_path / "g.h5", calls, ploidy=ploidy)
    pairs, splits, card = run(store, tmp_path / "r", "--clusters", 3)
    assert found(card, "ploidy") == (ploidy, Verdict.CAUTION) and pairs["kinship"].isna().all()
    assert [splits["group"][first::3].nunique() for first in range(3)] == [1, 1, 1]
