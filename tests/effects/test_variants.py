"""effects variants: exact on networks whose answer is known, unchanged by batches and shards, strict about REF."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam
import pytest

from lucidseq.core.alphabet import decode, encode
from lucidseq.core.errors import UsageError
from lucidseq.core.genome import Genome
from lucidseq.effects.allele_windows import Variant, allele_windows
from lucidseq.effects.card import variants_card
from lucidseq.effects.scoring import Scores
from lucidseq.effects.variant_sites import Sites, check_info_key
from support import assert_bad_input, run_cli, run_ok

LENGTH = 40
GENOME = "".join(np.random.default_rng(4).choice(list("ACGT"), size=600))


def write_model(path: Path, *, members: int = 1) -> Path:
    """Write networks that count weighted G and C from the middle on: linear, so that effects are known by hand."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    from lucidseq.nets import backend

    backend.prepare(threads=1)
    import keras

    from lucidseq.nets import io
    from lucidseq.nets.facts import Facts

    networks = []
    for index in range(members):
        inputs = keras.Input((LENGTH, 4), name="sequence")
        flat = keras.layers.Flatten(name="flat")(inputs)
        logit = keras.layers.Dense(1, use_bias=False, name="logit")(flat)
        network = keras.Model(inputs, keras.layers.Activation("sigmoid", name="prediction")(logit), name=f"member_{index}")
        network.get_layer("logit").set_weights([weights(index).reshape(-1, 1)])
        networks.append(network)
    io.save_model(io.ensemble(networks), path, Facts("binary", ["toy"], LENGTH, members=members))
    return path


def weights(member: int) -> np.ndarray:
    rng = np.random.default_rng(member)
    return rng.normal(size=(LENGTH, 4)).astype(np.float32)


def expected_logit(text: str, member: int = 0) -> float:
    both = 0.0
    for strand in (text, text.translate(str.maketrans("ACGT", "TGCA"))[::-1]):
        both += sum(weights(member)[place, "ACGT".index(base)] for place, base in enumerate(strand) if base in "ACGT")
    return both / 2


def write_vcf(path: Path, rows: list[tuple[int, str, str]], contig: str = "chr1", samples: bool = True) -> Path:
    """Rows: position (1-based), REF, ALT."""
    head = f'##fileformat=VCFv4.2\n##contig=<ID={contig},length={len(GENOME)}>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="G">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO'
    head += "\tFORMAT\ts1\n" if samples else "\n"
    body = "".join(f"{contig}\t{p}\tv{p}\t{r}\t{a}\t.\t.\t." + ("\tGT\t0/1\n" if samples else "\n") for p, r, a in rows)
    path.write_text(head + body)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("effects")
    (folder / "g.fa").write_text(f">chr1\n{GENOME}\n")
    write_model(folder / "one.keras")
    write_model(folder / "three.keras", members=3)
    rows = []
    for position in range(5, 590, 13):
        ref = GENOME[position - 1]
        rows.append((position, ref, "ACGT"[("ACGT".index(ref) + 1) % 4]))
    rows += [(100, GENOME[99:104], GENOME[99]), (201, GENOME[200], GENOME[200] + "GATTACA"), (301, GENOME[300:303], "T" + "C" * 6)]
    write_vcf(folder / "v.vcf", sorted(rows))
    return folder


def run_effects(files: Path, out: Path, *extra: object, model: str = "one.keras", variants: Path | None = None) -> None:
    """Score the fixture's variants (or others) with one of its models."""
    words = ("--model", files / model, "--variants", variants or files / "v.vcf", "--fasta", files / "g.fa")
    run_ok("effects", "variants", *words, *extra, "--out", out)


def read_effects(prefix: Path) -> pd.DataFrame:
    return pd.read_csv(f"{prefix}.effects.tsv.gz", sep="\t")


def test_effects__equal_the_sum_of_weights(files: Path, tmp_path: Path) -> None:
    run_effects(files, tmp_path / "e")
    table = read_effects(tmp_path / "e")
    assert len(table) == 48
    padded = "N" * LENGTH + GENOME + "N" * LENGTH
    for row in table.itertuples():
        at = LENGTH + row.base_pair_location - 1
        left = padded[at - LENGTH // 2 : at]
        ref = (left + padded[at:])[:LENGTH]
        alt = (left + row.effect_allele + padded[at + len(row.other_allele) :])[:LENGTH]
        assert row.ref_score == pytest.approx(expected_logit(ref), abs=2e-5)
        assert row.effect == pytest.approx(expected_logit(alt) - expected_logit(ref), abs=2e-5)
        assert row.score == pytest.approx(abs(row.effect))
    assert (table["effect_sd"] == 0).all()


def test_ensemble__mean_and_spread_of_members(files: Path, tmp_path: Path) -> None:
    run_effects(files, tmp_path / "e", model="three.keras")
    row = read_effects(tmp_path / "e").iloc[20]
    at = int(row["base_pair_location"]) - 1
    window = GENOME[at - LENGTH // 2 : at + LENGTH // 2]
    changed = window[: LENGTH // 2] + row["effect_allele"] + window[LENGTH // 2 + 1 :]
    effects = [expected_logit(changed, m) - expected_logit(window, m) for m in range(3)]
    assert row["effect"] == pytest.approx(np.mean(effects), abs=2e-5)
    assert row["effect_sd"] == pytest.approx(np.std(effects, ddof=1), abs=2e-5)


def test_shards_and_batches__give_the_same_rows(files: Path, tmp_path: Path) -> None:
    run_effects(files, tmp_path / "whole", model="three.keras")
    run_effects(files, tmp_path / "p1", "--shard", "1/2", model="three.keras")
    run_effects(files, tmp_path / "p2", "--shard", "2/2", "--batch-size", 7, model="three.keras")
    whole = gzip.decompress((tmp_path / "whole.effects.tsv.gz").read_bytes()).decode().splitlines()
    parts = [gzip.decompress((tmp_path / f"p{i}.effects.tsv.gz").read_bytes()).decode().splitlines() for i in (1, 2)]
    assert whole == parts[0] + parts[1][1:]


def test_annotated_vcf__carries_scores_and_no_genotypes(files: Path, tmp_path: Path) -> None:
    run_effects(files, tmp_path / "e")
    table = read_effects(tmp_path / "e").set_index("variant_id")
    with pysam.VariantFile(str(tmp_path / "e.effects.vcf.gz")) as vcf:
        assert list(vcf.header.samples) == []
        found = {f"{r.contig}:{r.pos}:{r.ref}:{r.alts[0]}": r.info["LSEQ"][0].split("|") for r in vcf.fetch("chr1", 90, 110) if r.alts}
    assert found
    for name, (allele, target, *values) in found.items():
        assert (allele, target) == (table.loc[name, "effect_allele"], "toy")
        assert float(values[2]) == pytest.approx(table.loc[name, "effect"], rel=1e-4)


def test_regions__keep_what_is_inside(files: Path, tmp_path: Path) -> None:
    (tmp_path / "r.bed").write_text("chr1\t99\t150\n")
    run_effects(files, tmp_path / "e", "--regions", tmp_path / "r.bed")
    positions = read_effects(tmp_path / "e")["base_pair_location"]
    assert positions.between(100, 150).all()
    checks = {check["name"]: check for check in json.loads((tmp_path / "e.effects_variants.card.json").read_text())["checks"]}
    outside = checks["share of alleles outside the regions"]
    assert (outside["value"], outside["verdict"]) == (pytest.approx(1 - len(positions) / 48), "ok")
    assert 100 in positions.to_numpy()


def test_multiallelic_and_symbolic__are_split_or_counted(files: Path, tmp_path: Path) -> None:
    base = GENOME[49]
    others = [letter for letter in "ACGT" if letter != base]
    write_vcf(tmp_path / "m.vcf", [(50, base, f"{others[0]},{others[1]},*"), (60, GENOME[59], "<DEL>")], samples=False)
    run_effects(files, tmp_path / "e", variants=tmp_path / "m.vcf")
    assert read_effects(tmp_path / "e")["effect_allele"].tolist() == others[:2]
    checks = {check["name"]: check for check in json.loads((tmp_path / "e.effects_variants.card.json").read_text())["checks"]}
    assert checks["alleles skipped"]["value"] == 2
    skipped = checks["share of alleles skipped: allele that is not DNA letters"]
    assert (skipped["value"], skipped["verdict"]) == (0.5, "caution") and "2 of 4" in skipped["advice"]


def test_windows__deletion_draws_in_and_insertion_pushes_out(tmp_path: Path) -> None:
    (tmp_path / "g.fa").write_text(">c\nAACCGGTTACGT\n")
    with Genome(tmp_path / "g.fa") as genome:
        windows = allele_windows(
            genome, [Variant("c", 4, "GGT", "G", "", 0), Variant("c", 4, "G", "GAA", "", 1), Variant("c", 0, "A", "T", "", 2)], 6
        )
    assert [[decode(row) for row in pair] for pair in windows] == [["ACCGGT"[0:6], "ACCGTA"], ["ACCGGT", "ACCGAA"], ["NNNAAC", "NNNTAC"]]
    assert encode("A")[0] == 0


def annotate(files: Path, out: Path, variants: list[Path], *extra: object):
    """Run the command on files of variants with the model of three members; it may fail."""
    words = [word for path in variants for word in ("--variants", path)]
    return run_cli("effects", "variants", "--model", files / "three.keras", "--fasta", files / "g.fa", *words, *extra, "--out", out)


def test_second_model__has_a_key_of_its_own(files: Path, tmp_path: Path) -> None:
    run_effects(files, tmp_path / "first")
    result = annotate(files, tmp_path / "second", [tmp_path / "first.effects.vcf.gz"], "--info-key", "LSEQ_three")
    assert result.returncode == 0, result.stderr
    first, second = (read_effects(tmp_path / name).set_index("variant_id") for name in ("first", "second"))
    with pysam.VariantFile(str(tmp_path / "second.effects.vcf.gz")) as vcf:
        assert [key for key in vcf.header.info if key.startswith("LSEQ")] == ["LSEQ", "LSEQ_three"]
        records = list(vcf)
    assert len(records) == len(first)
    for record in records:
        name = f"{record.contig}:{record.pos}:{record.ref}:{record.alts[0]}"
        for key, table in (("LSEQ", first), ("LSEQ_three", second)):
            assert float(record.info[key][0].split("|")[4]) == pytest.approx(table.loc[name, "effect"], rel=1e-4, abs=1e-6)


def test_key_that_the_file_has__is_refused(files: Path, tmp_path: Path) -> None:
    run_effects(files, tmp_path / "first")
    result = annotate(files, tmp_path / "out" / "e", [tmp_path / "first.effects.vcf.gz"])
    assert_bad_input(result, "INFO/LSEQ", "--info-key", "first.effects.vcf.gz", folder=tmp_path / "out", exit_code=2)


@pytest.mark.parametrize(
    ("header", "info"), [("", "."), ('##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n', "DP=3"), ("", "LSEQ=C|old|1|2|1|0")]
)
def test_key_of_any_file_or_record__is_seen(files: Path, tmp_path: Path, header: str, info: str) -> None:
    """The header of a second file, and a record's key that no header declares."""
    first = write_vcf(tmp_path / "a.vcf", [(50, GENOME[49], "ACGT"[("ACGT".index(GENOME[49]) + 1) % 4])])
    second = write_vcf(tmp_path / "b.vcf", [(90, GENOME[89], "ACGT"[("ACGT".index(GENOME[89]) + 1) % 4])])
    text = second.read_text().replace("\t.\t.\t.\tGT", f"\t.\t.\t{info}\tGT")
    second.write_text(text.replace("#CHROM", header + "#CHROM"))
    result = annotate(files, tmp_path / "out" / "e", [first, second])
    if "LSEQ" in info:
        assert_bad_input(result, "INFO/LSEQ", "b.vcf", folder=tmp_path / "out", exit_code=2)
        return
    assert result.returncode == 0, result.stderr
    with pysam.VariantFile(str(tmp_path / "out" / "e.effects.vcf.gz")) as vcf:
        assert ("DP" in vcf.header.info) == bool(header)
        assert [record.info.get("DP") if header else None for record in vcf] == [None, 3 if header else None]


@pytest.mark.parametrize("key", ["L SEQ", "LSEQ=1", "LSEQ;X", "", "1LSEQ", "LSEQ\n"])
def test_key_that_vcf_does_not_allow__is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="--info-key"):
        check_info_key(key)


@pytest.mark.parametrize("case", ["ref", "contig", "outside", "truncated", "model", "both"])
def test_bad_input__is_told_with_its_place(files: Path, tmp_path: Path, case: str) -> None:
    model, variants, mentions, extra = files / "one.keras", tmp_path / "v.vcf", [], []
    wrong = "ACGT"[("ACGT".index(GENOME[49]) + 1) % 4]
    write_vcf(variants, [(50, GENOME[49], wrong)])
    if case == "ref":
        write_vcf(variants, [(50, wrong, GENOME[49])])
        mentions = ["chr1:50", "genome has " + GENOME[49]]
    elif case == "contig":
        write_vcf(variants, [(50, GENOME[49], wrong)], contig="1")
        mentions = ["the FASTA calls it chr1"]
    elif case == "outside":
        (tmp_path / "r.bed").write_text("chr1\t300\t301\n")
        extra, mentions = ["--regions", tmp_path / "r.bed"], ["no variant to score"]
    elif case == "truncated":
        packed = gzip.compress(write_vcf(tmp_path / "w.vcf", [(p, GENOME[p - 1], "A") for p in range(1, 500)]).read_bytes())
        variants = tmp_path / "v.vcf.gz"
        variants.write_bytes(packed[: len(packed) // 2])
        mentions = ["v.vcf.gz"]
    elif case == "model":
        model = tmp_path / "bad.keras"
        model.write_bytes((files / "one.keras").read_bytes()[:500])
        mentions = ["bad.keras"]
    else:  # skipping mismatches does not help where all are wrong
        write_vcf(variants, [(50, wrong, GENOME[49])])
        extra, mentions = ["--ref-mismatch", "skip"], ["1 of 1"]
    result = run_cli(
        "effects", "variants", "--model", model, "--variants", variants, "--fasta", files / "g.fa", *extra, "--out", tmp_path / "out" / "e"
    )
    assert_bad_input(result, *mentions, folder=tmp_path / "out")


def write_plain(path: Path, head: Callable[[Any], Any]) -> Path:
    """A Keras model without facts, whose output is a function of the weighted bases."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    from lucidseq.nets import backend

    backend.prepare(threads=1)
    import keras

    inputs = keras.Input((LENGTH, 4))
    dense = keras.layers.Dense(1, use_bias=False)
    network = keras.Model(inputs, head(dense(keras.layers.Flatten()(inputs))))
    dense.set_weights([weights(0).reshape(-1, 1)])
    network.save(path)
    return path


def test_scale__of_a_head_that_is_not_known_is_asked_about(files: Path, tmp_path: Path) -> None:
    """A sigmoid that is written as arithmetic is not taken off: scores from 0 to 1 are probabilities perhaps."""
    from lucidseq.nets import backend

    backend.prepare(threads=1)
    import keras

    model = write_plain(tmp_path / "m.keras", lambda z: 1 / (1 + keras.ops.exp(-z)))
    run_effects(files, tmp_path / "e", model=str(model))
    card = json.loads((tmp_path / "e.effects_variants.card.json").read_text())
    check = {check["name"]: check for check in card["checks"]}["scale of the effects"]
    assert (check["value"], check["verdict"]) == ("the model's own output", "caution")


@pytest.mark.parametrize("ref, effect, scale, flat", [([0.2, 0.4], 0.1, "caution", 0), ([-2, 3], 0.1, "ok", 0), ([0.5, 0.5], 0.0, "ok", 1)])
def test_card__names_probabilities_and_scores_that_never_change(ref: list[float], effect: float, scale: str, flat: int) -> None:
    first = np.array(ref)[:, None]
    scores = Scores(first, first + effect, np.full((2, 1), effect), np.zeros((2, 1)))
    sites = Sites(variants=[Variant("chr1", 1, "A", "G", ".", 0)] * 2)
    known, unknown = (
        {check.name: check for check in variants_card(sites, scores, 0, 1.0, scale="own", unknown_head=state).checks}
        for state in (False, True)
    )
    assert (known["scale of the effects"].verdict, unknown["scale of the effects"].verdict) == ("ok", scale)
    check = unknown["targets whose score no variant changes"]
    assert (check.value, check.verdict) == (flat, "caution" if flat else "ok")
