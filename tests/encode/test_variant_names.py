"""Contigs, positions and alleles mean the same to every command: one list of variants, given to each command that takes its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from fixtures_genotypes import write_plink1
from lucidseq.core.card import Check, Verdict, read_card
from lucidseq.core.genotypes import open_genotypes
from lucidseq.core.ld import open_ld
from lucidseq.core.schema import ANNOTATIONS
from lucidseq.core.stores import open_store, read_text
from support import run_cli, run_ok

SAMPLES = 6
OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)
Rows = list[tuple[str, str, str, str]]  # contig, position, effect allele, other allele


def calls(rows: Rows) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 3, (len(rows), SAMPLES)).astype(np.int8)


def plink_set(folder: Path, rows: Rows) -> Path:
    prefix = write_plink1(folder / "p", calls(rows))
    (folder / "p.bim").write_text(
        "".join(f"{contig}\tv{at}\t0\t{position}\t{a1}\t{a2}\n" for at, (contig, position, a1, a2) in enumerate(rows))
    )
    return prefix


def table(folder: Path, rows: Rows) -> Path:
    head = "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\tp_value\teffect_allele_frequency\trsid\tn\n"
    lines = ["\t".join([*row, "0.05", "0.01", "5.7e-7", "0.3", f"v{at}", "1000"]) + "\n" for at, row in enumerate(rows)]
    (folder / "t.tsv").write_text(head + "".join(lines))
    return folder / "t.tsv"


def ids(path: Path) -> set[str]:
    return set(pd.read_csv(path, sep="\t")["variant_id"])


def by_genotypes(folder: Path, rows: Rows) -> tuple[int, set[str]]:
    code = run_cli("encode", "genotypes", "--genotypes", plink_set(folder, rows), *OFF, "--out", folder / "o").returncode
    if code:
        return code, set()
    with open_genotypes(folder / "o.genotypes.h5") as store:
        return code, set(store.variant_id)


def by_genotypes_vcf(folder: Path, rows: Rows) -> tuple[int, set[str]]:
    head = (
        '##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description="c">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT'
    )
    text = ["0/0", "0/1", "1/1"]
    lines = [head + "".join(f"\ts{at}" for at in range(SAMPLES))]
    for (contig, position, effect, other), row in zip(rows, calls(rows), strict=True):
        lines.append("\t".join([contig, position, ".", other, effect, ".", ".", ".", "GT", *(text[copies] for copies in row)]))
    (folder / "x.vcf").write_text("\n".join(lines) + "\n")
    code = run_cli("encode", "genotypes", "--genotypes", folder / "x.vcf", *OFF, "--out", folder / "o").returncode
    if code:
        return code, set()
    with open_genotypes(folder / "o.genotypes.h5") as store:
        return code, set(store.variant_id)


def by_sumstats(folder: Path, rows: Rows) -> tuple[int, set[str]]:
    code = run_cli("encode", "sumstats", "--input", table(folder, rows), "--out", folder / "o").returncode
    return code, ids(folder / "o.sumstats.tsv.gz") if not code else set()


def by_panel(folder: Path, rows: Rows) -> tuple[int, set[str]]:
    """The rows as the .bim of a panel, for a study that has all of them, named as the panel's."""
    study = table(folder, [("chr" + place[0], *place[1:]) for place in PLAIN])
    code = run_cli("encode", "sumstats", "--input", study, "--panel", f"{plink_set(folder, rows)}.bim", "--out", folder / "o").returncode
    return code, ids(folder / "o.sumstats.tsv.gz") if not code else set()


def by_ld_list(folder: Path, rows: Rows) -> tuple[int, set[str]]:
    distinct = rows if len({row[1] for row in rows}) == len(rows) else rows[1:]  # a matrix has each variant once
    np.savetxt(folder / "r.ld", np.where(np.eye(len(distinct)), 1, -0.2))
    bim = Path(f"{plink_set(folder, distinct)}.bim")
    words = ("--input", folder / "r.ld", "--input-variants", bim, "--n-ref", 1000, "--out", folder / "o")
    code = run_cli("encode", "ld", *words).returncode
    if code:
        return code, set()
    with open_ld(folder / "o.ld.h5") as store:
        return code, {name for block in store for name in block.variant_id}


def by_annotations(folder: Path, rows: Rows) -> tuple[int, set[str]]:
    (folder / "a.bed").write_text("1\t0\t20000000\nchr1\t0\t20000000\n")
    distinct = rows if len({row[1] for row in rows}) == len(rows) else rows[1:]
    words = ("--variants", table(folder, distinct), "--bed", folder / "a.bed", "--out", folder / "o")
    result = run_cli("encode", "annotations", *words)
    if result.returncode:
        return result.returncode, set()
    with open_store(folder / "o.annotations.h5", ANNOTATIONS) as store:
        return 0, {str(name) for name in read_text(store["rows/id"])}


COMMANDS: dict[str, Callable[[Path, Rows], tuple[int, set[str]]]] = {
    "genotypes .bim": by_genotypes,
    "genotypes VCF": by_genotypes_vcf,
    "sumstats": by_sumstats,
    "sumstats --panel": by_panel,
    "ld --input-variants": by_ld_list,
    "annotations": by_annotations,
}
PLAIN: Rows = [("1", "100000", "G", "A"), ("1", "200000", "T", "C"), ("1", "300000", "AT", "A")]
EXPECTED = {f"1:{position}:{other}:{effect}" for _, position, effect, other in PLAIN}


def spelled(change: Callable[[list[str]], list[str]]) -> Rows:
    return [(contig, position, effect, other) for contig, position, effect, other in (change(list(row)) for row in PLAIN)]


KINDS: dict[str, tuple[Rows, set[str] | None, tuple[str, ...]]] = {
    "plain": (spelled(lambda row: row), EXPECTED, ()),
    "small letters": (spelled(lambda row: [*row[:2], row[2].lower(), row[3].lower()]), EXPECTED, ()),
    "contig with decimals": (spelled(lambda row: ["1.0", *row[1:]]), EXPECTED, ()),
    "two names of a contig": ([("1", "100000", "G", "A"), ("chr1", "100000", "G", "A"), *spelled(lambda row: row)[1:]], EXPECTED, ()),
    "codes of alleles": (
        spelled(lambda row: [*row[:2], "1", "2"]),
        {f"1:{place}:2:1" for place in (100000, 200000, 300000)},
        ("sumstats --panel",),
    ),
    "an allele of another letter": (spelled(lambda row: [*row[:2], "Q", row[3]]), None, ("sumstats --panel",)),
    "one allele twice": (spelled(lambda row: [*row[:2], row[3], row[3].lower()]), None, ("sumstats --panel",)),
    "exact exponents": (spelled(lambda row: [row[0], f"{row[1][0]}e+05", *row[2:]]), EXPECTED, ("genotypes VCF",)),
    "a spreadsheet's exponents": (spelled(lambda row: [row[0], f"{row[1][0]}.00E+05", *row[2:]]), None, ()),
}


# A command for which a kind does not exist (a VCF has no exponents; a panel loses alleles that no study shares) has no case of it
CASES = [(kind, command) for kind, (_, _, without) in KINDS.items() for command in COMMANDS if command not in without]


@pytest.mark.parametrize(("kind", "command"), CASES)
def test_one_list__is_taken_or_refused_alike(tmp_path: Path, kind: str, command: str) -> None:
    rows, expected, _ = KINDS[kind]
    code, found = COMMANDS[command](tmp_path, rows)
    if expected is None:
        assert code == 3
    else:
        assert (code, {name.removeprefix("chr") for name in found}) == (0, expected)


def test_ld__keeps_variants_whatever_the_case_of_their_alleles(tmp_path: Path) -> None:
    rows = [("1", str(100 * at), "g" if at % 2 else "G", "a" if at % 2 else "A") for at in range(1, 5)]
    code, found = by_genotypes_vcf(tmp_path, rows)
    assert (code, len(found)) == (0, 4)
    (tmp_path / "l.bed").write_text("1\t0\t1000\tL\n")
    run_ok("encode", "sumstats", "--input", table(tmp_path, rows), "--out", tmp_path / "s")
    words = ("--genotypes", tmp_path / "o.genotypes.h5", "--loci", tmp_path / "l.bed", "--variants", tmp_path / "s.sumstats.tsv.gz")
    run_ok("encode", "ld", *words, "--out", tmp_path / "o")
    with open_ld(tmp_path / "o.ld.h5") as store:
        assert set(store.block(0).variant_id) == found


def checks_of(card: Path) -> dict[str, Check]:
    return {check.name: check for check in read_card(card).checks}


def test_joins__report_both_sides(tmp_path: Path) -> None:
    """Of 4 variants asked for the panel has 2 (one with its alleles swapped); of its 3 variants one was not asked for."""
    assert by_genotypes_vcf(tmp_path, [("1", "100", "G", "A"), ("1", "200", "A", "G"), ("1", "300", "T", "C")])[0] == 0
    study = table(
        tmp_path, [("1", "100", "G", "A"), ("1", "200", "G", "A"), ("1", "400", "G", "A"), ("1", "500", "G", "A"), ("1", "9000", "G", "A")]
    )
    (tmp_path / "l.bed").write_text("1\t0\t1000\tL\n")
    run_ok("encode", "sumstats", "--input", study, "--out", tmp_path / "s")
    listed = tmp_path / "s.sumstats.tsv.gz"
    run_ok(
        "encode",
        "ld",
        "--genotypes",
        tmp_path / "o.genotypes.h5",
        "--loci",
        tmp_path / "l.bed",
        "--variants",
        listed,
        "--out",
        tmp_path / "o",
    )
    check = checks_of(tmp_path / "o.encode_ld.card.json")["not matched: variants"]
    assert check.value == "2 of 4 rows of --variants in the loci; 1 of 3 variants of the panel"
    assert check.verdict is Verdict.CAUTION
    with h5py.File(tmp_path / "o.ld.h5") as store:
        known = {name: store.attrs[name].item() for name in ("qc_repaired", "qc_requested", "qc_unmatched", "qc_flipped")}
    assert known == {"qc_repaired": 0.0, "qc_requested": 4, "qc_unmatched": 2, "qc_flipped": 1}

    run_ok("encode", "sumstats", "--input", study, "--panel", tmp_path / "o.genotypes.h5", "--out", tmp_path / "p")
    check = checks_of(tmp_path / "p.encode_sumstats.card.json")["not matched: variants"]
    assert check.value == "3 of 5 rows of --input; 1 of 3 variants of --panel"

    (tmp_path / "score.tsv").write_text("CHR\tBP\tA1\tA2\tscore\n1\t100\tG\tA\t1\n1\t600\tG\tA\t2\n")
    run_ok("encode", "annotations", "--variants", study, "--table", tmp_path / "score.tsv", "--out", tmp_path / "a")
    check = checks_of(tmp_path / "a.encode_annotations.card.json")["not matched: score.tsv"]
    assert check.value == "4 of 5 variants; 1 of 2 rows of score.tsv"

    (tmp_path / "y.tsv").write_text("sample\ty\n" + "".join(f"s{at}\t{at / 7}\n" for at in range(2, 9)))
    run_ok("encode", "genotypes", "--genotypes", tmp_path / "x.vcf", "--phenotypes", tmp_path / "y.tsv", *OFF, "--out", tmp_path / "g")
    check = checks_of(tmp_path / "g.encode_genotypes.card.json")["not matched: phenotypes"]
    assert check.value == "2 of 6 samples of the genotypes; 3 of 7 rows of the phenotype table"


def test_ld_of_matrices__stores_the_repair_and_what_was_not_matched(tmp_path: Path) -> None:
    r = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    np.savetxt(tmp_path / "r.ld", r)
    bim = Path(f"{plink_set(tmp_path, PLAIN)}.bim")
    run_ok(
        "encode",
        "sumstats",
        "--input",
        table(tmp_path, [*PLAIN, ("1", "250000", "G", "A"), ("2", "100", "G", "A")]),
        "--out",
        tmp_path / "s",
    )
    listed = tmp_path / "s.sumstats.tsv.gz"
    run_ok(
        "encode", "ld", "--input", tmp_path / "r.ld", "--input-variants", bim, "--variants", listed, "--n-ref", 500, "--out", tmp_path / "o"
    )
    with h5py.File(tmp_path / "o.ld.h5") as store:
        assert store.attrs["qc_repaired"] > 0.2
        assert (store.attrs["qc_requested"], store.attrs["qc_unmatched"], store.attrs["qc_flipped"]) == (4, 1, 0)
        stored = store["block/000000/r"][()]
    assert np.isclose(np.abs(stored - r).max(), h5py.File(tmp_path / "o.ld.h5").attrs["qc_repaired"], atol=1e-6)
