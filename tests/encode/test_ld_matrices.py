"""LD that others published: PLINK's own matrices, UK Biobank's and PolyFun's archives, LDGM; and what is refused of them."""

from __future__ import annotations

import gzip
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.linalg import toeplitz

from fixtures_genotypes import write_plink1
from fixtures_ld import autoregressive, one_block, removed, variant_table, write_bim, write_ldgm, write_sumstats, write_ukb, write_ukb_list
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.errors import DataError
from lucidseq.core.ld import open_ld
from lucidseq.encode.ld.choices import InputFormat
from lucidseq.encode.ld.from_matrix import detect, open_matrix
from lucidseq.encode.ld.ldgm import NOT_CARRIED, contig_of
from lucidseq.encode.ld.match_variants import NOT_LISTED, OTHER_ALLELES, TWICE
from lucidseq.encode.ld.matrix import CONSTANT
from support import assert_bad_input, program, run_cli, run_ok

COUNT = 30


def correlations(seed: int = 1, count: int = COUNT) -> np.ndarray:
    """A matrix of correlations of both signs, as PLINK prints it."""
    dosage = autoregressive(seed, count, 300).astype(float)
    dosage[::3] = 2 - dosage[::3]
    return np.round(np.corrcoef(dosage), 6)


def write_text(path: Path, r: np.ndarray) -> Path:
    np.savetxt(path, r, fmt="%.6g", delimiter="\t")
    return path


def taken(path: Path, listing: Path, kind: InputFormat = InputFormat.AUTO) -> tuple[np.ndarray, pd.DataFrame]:
    """Read a matrix as the command does."""
    published = open_matrix(path, listing, kind, None)
    return published.matrix(np.arange(len(published.variants))), published.variants


@pytest.mark.parametrize("words", [("square",), ("square0",), ("triangle",), ("square", "gz"), ("bin",), ("bin4",)])
def test_plink__its_own_matrices_and_alleles(words: tuple[str, ...], tmp_path: Path) -> None:
    """PLINK 1.9 itself: r is that of the copies of A1, which is the commoner allele of half of the variants here."""
    plink = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    calls = autoregressive(2, 40, 250)
    calls[::2] = 2 - calls[::2]
    calls[7] = 0
    prefix = write_plink1(tmp_path / "x", calls)
    subprocess.run(
        [plink, "--bfile", prefix, "--keep-allele-order", "--r", *words, "--out", tmp_path / "m"], check=True, capture_output=True
    )
    (path,) = tmp_path.glob("m.ld*")
    run_ok(
        "encode", "ld", "--input", path, "--input-variants", tmp_path / "x.bim", "--n-ref", 250, "--build", "toy", "--out", tmp_path / "l"
    )
    block = one_block(tmp_path / "l")
    kept = calls.std(axis=1) > 0
    assert np.abs(block.r - np.corrcoef(calls[kept])).max() < 2e-6
    assert (block.r < -0.3).any()
    assert block.variant_id.tolist() == [f"chr1:{100 + 10 * row}:A:G" for row in np.flatnonzero(kept)]
    assert (block.n_ref, block.method, block.shrinkage) == (250, "in-sample", 0)
    assert removed(tmp_path / "l")[CONSTANT] == 1


def test_plink__signs_of_a_matrix_that_counts_the_rarer_allele(tmp_path: Path) -> None:
    """PLINK 1.9 turns A1 into the rarer allele as it reads, unless told not to: the card says where the .bim's A1 is not that one."""
    plink = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    calls = autoregressive(2, 40, 250)
    calls[calls.mean(axis=1) > 1] = 2 - calls[calls.mean(axis=1) > 1]
    calls[::2] = 2 - calls[::2]
    prefix = write_plink1(tmp_path / "x", calls)
    words = (plink, "--bfile", prefix, "--r", "square", "--make-just-bim", "--out", tmp_path / "m")
    subprocess.run(words, check=True, capture_output=True)
    table = pd.DataFrame(
        {"contig": "chr1", "position": 100 + 10 * np.arange(40), "other": "A", "effect": "G", "rsid": [f"rs{row}" for row in range(40)]}
    )
    sumstats = write_sumstats(tmp_path / "s.tsv", table)
    written = pd.read_csv(sumstats, sep="\t").assign(effect_allele_frequency=calls.mean(axis=1) / 2)
    written.to_csv(sumstats, sep="\t", index=False)
    truth, name = np.corrcoef(calls), "variants whose A1 in the .bim is the commoner allele"

    def taken_with(listing: str, *words: object) -> tuple[np.ndarray, object, Verdict]:
        run_ok(
            "encode",
            "ld",
            "--input",
            tmp_path / "m.ld",
            "--input-variants",
            tmp_path / listing,
            "--n-ref",
            250,
            *words,
            "--out",
            tmp_path / "l",
            "--force",
        )
        (check,) = (check for check in read_card(tmp_path / "l.encode_ld.card.json").checks if check.name == name)
        return one_block(tmp_path / "l").r, check.value, check.verdict

    r, commoner, verdict = taken_with("x.bim", "--variants", sumstats)
    wrong = (r * truth < 0).sum()
    assert wrong > 100 and verdict is Verdict.CAUTION and commoner == (calls.mean(axis=1) / 2 > 0.55).sum() > 10
    assert taken_with("x.bim")[1:] == ("unknown (no frequencies)", Verdict.CAUTION)
    written.drop(columns="effect_allele_frequency").to_csv(tmp_path / "without.tsv", sep="\t", index=False)
    without = taken_with("x.bim", "--variants", tmp_path / "without.tsv")
    assert without[1:] == ("unknown (no frequencies)", Verdict.CAUTION)
    r, commoner, verdict = taken_with("m.bim", "--variants", sumstats)
    assert np.abs(r - truth).max() < 2e-6 and (commoner, verdict) == (0, Verdict.OK)


def test_plink__r_squared_is_refused(tmp_path: Path) -> None:
    plink = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    prefix = write_plink1(tmp_path / "x", autoregressive(3, 40, 250))
    subprocess.run([plink, "--bfile", prefix, "--r2", "square", "--out", tmp_path / "m"], check=True, capture_output=True)
    result = run_cli("encode", "ld", "--input", tmp_path / "m.ld", "--input-variants", tmp_path / "x.bim", "--out", tmp_path / "o" / "l")
    assert_bad_input(result, "no negative value", "--r2", "m.ld", folder=tmp_path / "o")


def test_plink2__matrix_with_its_ids_or_a_pvar(tmp_path: Path) -> None:
    """What PLINK 2 writes beside .unphased.vcor1 are ids alone; a .pvar tells the alleles, ALT counts."""
    r, table = correlations(), variant_table(COUNT)
    path = write_text(tmp_path / "x.unphased.vcor1", r)
    names = [f"{row.contig}:{row.position}:{row.other}:{row.effect}" for row in table.itertuples()]
    (tmp_path / "x.unphased.vcor1.vars").write_text("\n".join(names) + "\n")
    rows = [f"{row.contig}\t{row.position}\t{row.rsid}\t{row.other}\t{row.effect}\t.\n" for row in table.itertuples()]
    (tmp_path / "x.pvar").write_text("##source=test\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\n" + "".join(rows))
    for listing in ("x.unphased.vcor1.vars", "x.pvar"):
        found, variants = taken(path, tmp_path / listing)
        assert np.abs(found - r).max() < 1e-6
        assert (variants[["position", "other", "effect"]] == table[["position", "other", "effect"]]).all().all()
    (tmp_path / "ids.vars").write_text("\n".join(table["rsid"]) + "\n")
    with pytest.raises(DataError, match="without alleles"):
        taken(path, tmp_path / "ids.vars")


@pytest.mark.parametrize("kind", ["coo", "csr", "csc"])
@pytest.mark.parametrize("lower", [False, True])
def test_npz__sparse_triangles(kind: str, lower: bool, tmp_path: Path) -> None:
    """UK Biobank's upper triangle, and the lower one that PolyFun saves, both with 0.5 on the diagonal."""
    r, table = correlations(), variant_table(COUNT, "1")
    path = write_ukb(tmp_path / "chr1_1_3000001.npz", r, kind)
    if lower:
        matrix = sparse.load_npz(path).T.asformat(kind)
        sparse.save_npz(path, matrix)
    run_ok(
        "encode",
        "ld",
        "--input",
        path,
        "--input-variants",
        write_ukb_list(tmp_path / "chr1_1_3000001.gz", table),
        "--method",
        "panel",
        "--out",
        tmp_path / "l",
    )
    block = one_block(tmp_path / "l")
    assert np.abs(block.r - r).max() < 1e-6 and (np.diagonal(block.r) == 1).all()
    assert block.variant_id[3] == f"1:130:{table['other'][3]}:{table['effect'][3]}"
    assert block.method == "panel" and np.isnan(block.n_ref)
    assert (block.name, block.start, block.end) == ("1:99-390", 99, 390)
    assert read_card(tmp_path / "l.encode_ld.card.json").verdict is Verdict.CAUTION


@pytest.mark.parametrize(
    "make", [lambda r: r, lambda r: r.astype(np.float32), np.asfortranarray, np.triu, np.tril, lambda r: np.triu(r, 1) + np.eye(len(r)) / 2]
)
def test_npz__dense(make: Callable[[np.ndarray], np.ndarray], tmp_path: Path) -> None:
    r = correlations()
    np.savez_compressed(tmp_path / "m.npz", ld=make(r), note=np.array(["text"]))
    found, _ = taken(tmp_path / "m.npz", write_ukb_list(tmp_path / "v.gz", variant_table(COUNT)))
    assert np.abs(found - r).max() < 1e-6


def toy_ldgm(folder: Path) -> tuple[Path, Path, np.ndarray, pd.DataFrame]:
    """A banded precision matrix of indices 0, 1, 3, 4, 5 (2 is not carried), 3 with two variants; its correlations."""
    precision = np.zeros((6, 6))
    carried = [0, 1, 3, 4, 5]
    banded = toeplitz([2.5, -1.0, 0.3, 0, 0])
    precision[np.ix_(carried, carried)] = banded
    covariance = np.linalg.inv(banded)
    r = covariance / np.sqrt(np.outer(np.diagonal(covariance), np.diagonal(covariance)))
    table = variant_table(7)
    edges, listing = write_ldgm(folder, precision, [0, 1, 2, 3, 4, 3, 5], table)
    rows = [0, 1, 2, 3, 2, 4]  # of r, for each variant but the one that is not carried
    return edges, listing, r[np.ix_(rows, rows)], table.drop(2).reset_index(drop=True)


def test_ldgm__is_the_inverse_with_copies_and_without_what_is_not_carried(tmp_path: Path) -> None:
    edges, listing, r, table = toy_ldgm(tmp_path)
    run_ok("encode", "ld", "--input", edges, "--input-variants", listing, "--out", tmp_path / "l")
    block = one_block(tmp_path / "l")
    assert np.abs(block.r - r).max() < 1e-6
    assert block.r[2, 4] == 1
    assert block.variant_id.tolist() == [f"chr1:{row.position}:{row.other}:{row.effect}" for row in table.itertuples()]
    assert removed(tmp_path / "l")[NOT_CARRIED] == 1
    assert contig_of(Path("1kg_chrX_16_2.EUR.edgelist.gz")) == "chrX" and contig_of(Path("chromosome.edgelist")) is None


def test_ldgm__ld_of_some_variants_is_part_of_the_whole_inverse(tmp_path: Path) -> None:
    edges, listing, r, table = toy_ldgm(tmp_path)
    some = write_sumstats(tmp_path / "s.tsv", table.iloc[[0, 3, 5]])
    run_ok("encode", "ld", "--input", edges, "--input-variants", listing, "--variants", some, "--out", tmp_path / "l")
    assert np.abs(one_block(tmp_path / "l").r - r[np.ix_([0, 3, 5], [0, 3, 5])]).max() < 1e-6


def test_variants__alleles_the_other_way_round_turn_the_sign(tmp_path: Path) -> None:
    r, table = correlations(), variant_table(COUNT, "1")
    theirs = variant_table(COUNT, "chr1")  # another spelling of the contig
    theirs.loc[::3, ["other", "effect"]] = theirs.loc[::3, ["effect", "other"]].to_numpy()
    theirs.loc[4, ["other", "effect"]] = ["AC", "A"]
    theirs = theirs.drop(9)
    ours = pd.concat([table, table.iloc[[5]]], ignore_index=True)  # the variant 5 twice
    wide = r[np.ix_([*range(COUNT), 5], [*range(COUNT), 5])]
    path, listing = write_text(tmp_path / "m.ld", wide), write_bim(tmp_path / "m.bim", ours)
    run_ok(
        "encode",
        "ld",
        "--input",
        path,
        "--input-variants",
        listing,
        "--variants",
        write_sumstats(tmp_path / "s.tsv", theirs),
        "--out",
        tmp_path / "l",
    )
    block = one_block(tmp_path / "l")
    kept = [row for row in range(COUNT) if row not in (4, 9)]
    sign = np.array([-1 if row % 3 == 0 else 1 for row in kept])
    assert np.abs(block.r - r[np.ix_(kept, kept)] * sign * sign[:, None]).max() < 1e-6
    assert block.variant_id.tolist() == [f"chr1:{row.position}:{row.other}:{row.effect}" for row in theirs.drop(4).itertuples()]
    counts = removed(tmp_path / "l")
    assert (counts[NOT_LISTED], counts[OTHER_ALLELES], counts[TWICE]) == (1, 1, 1)
    qc = pd.read_csv(tmp_path / "l.ld.qc.tsv", sep="\t").set_index("unit")["kept"]
    assert qc["swapped variants"] == (sign < 0).sum()


def test_match__by_rsid_takes_the_places_of_the_summary_statistics(tmp_path: Path) -> None:
    r, table = correlations(), variant_table(COUNT)
    lifted = table.assign(position=table["position"].to_numpy()[::-1] + 5000)  # another build, and another order
    path, listing = write_text(tmp_path / "m.ld", r), write_bim(tmp_path / "m.bim", table)
    words = ("--input", path, "--input-variants", listing, "--variants", write_sumstats(tmp_path / "s.tsv", lifted))
    run_ok("encode", "ld", *words, "--match", "rsid", "--out", tmp_path / "l")
    block = one_block(tmp_path / "l")
    assert np.abs(block.r - r[::-1, ::-1]).max() < 1e-6
    assert block.variant_id[0].startswith("chr1:5100:") and (block.start, block.end) == (5099, 5390)
    result = run_cli("encode", "ld", *words, "--out", tmp_path / "o" / "l")
    assert_bad_input(result, "30 not in --variants", "--match rsid", folder=tmp_path / "o")


def test_loci__cut_a_matrix_and_several_matrices_make_one_store(tmp_path: Path) -> None:
    r, table = correlations(), variant_table(COUNT)
    other = variant_table(COUNT, "chr2")
    path = write_text(tmp_path / "m.ld", r)
    (tmp_path / "loci.bed").write_text("chr1\t0\t200\tfirst\nchr1\t150\t300\tsecond\nchr2\t0\t1000\tthird\nchr3\t0\t9\tnone\n")
    words = [
        "--input",
        path,
        "--input-variants",
        write_bim(tmp_path / "a.bim", table),
        "--input",
        path,
        "--input-variants",
        write_bim(tmp_path / "b.bim", other),
    ]
    run_ok("encode", "ld", *words, "--loci", tmp_path / "loci.bed", "--out", tmp_path / "l")
    with open_ld(tmp_path / "l.ld.h5") as store:
        assert store.names == ["first", "second", "third"]
        for block, rows in zip(store, (range(11), range(6, 21), range(30)), strict=True):
            assert np.abs(block.r - r[np.ix_(rows, rows)]).max() < 1e-6
    assert removed(tmp_path / "l")["outside the loci"] == 9
    words[-1] = words[3]
    result = run_cli("encode", "ld", *words, "--out", tmp_path / "o" / "l")
    assert_bad_input(result, "two blocks called chr1:99-390", folder=tmp_path / "o")


def test_estimators__of_a_published_matrix(tmp_path: Path) -> None:
    """Negative eigenvalues are mended and told; shrinkage and low rank as asked."""
    r = correlations(count=12)
    r[0, 11] = r[11, 0] = 0.99
    words = ("--input", write_text(tmp_path / "m.ld", r), "--input-variants", write_bim(tmp_path / "m.bim", variant_table(12)))
    run_ok("encode", "ld", *words, "--shrinkage", 0.25, "--low-rank", 0.9, "--out", tmp_path / "l")
    block = one_block(tmp_path / "l")
    assert block.factor is not None and len(block.factor.values) < 12 and block.shrinkage == 0.25
    assert np.linalg.eigvalsh(block.r.astype(float))[0] >= 0.25 - 1e-6
    checks = {check.name: check for check in read_card(tmp_path / "l.encode_ld.card.json").checks}
    assert checks["blocks with negative eigenvalues, repaired"].value == 1
    assert checks["largest change of a correlation by the repair"].verdict is Verdict.REFUSE
    run_ok("encode", "ld", *words, "--shrinkage", "auto", "--n-ref", 300, "--out", tmp_path / "a")
    assert 0 < one_block(tmp_path / "a").shrinkage < 0.2
    result = run_cli("encode", "ld", *words, "--shrinkage", "auto", "--out", tmp_path / "o" / "l")
    assert_bad_input(result, "--n-ref", folder=tmp_path / "o", exit_code=2)


def damage(folder: Path, what: str) -> tuple[Path, Path]:
    """Write a PLINK matrix and its list with one mistake."""
    r, table = correlations(), variant_table(COUNT)
    text = [line.split("\t") for line in write_text(folder / "m.ld", r).read_text().splitlines()]
    listing = write_bim(folder / "m.bim", table)
    lines = listing.read_text().splitlines()
    match what:
        case "asymmetric":
            text[3][5] = "0.123456"
        case "beyond 1":
            text[3][5] = text[5][3] = "1.7"
        case "diagonal":
            text[4][4] = "2.5"
        case "no number":
            text[3][5] = text[5][3] = "nan"
        case "all nan":
            text = [["nan"] * COUNT for _ in range(COUNT)]
        case "row short":
            text[9] = text[9][:-1]
        case "row missing":
            text = text[:-1]
        case "row too many":
            text.append(text[0])
        case "words":
            text[2][2] = "one"
        case "table of pairs":
            text = [["CHR_A", "BP_A", "SNP_A", "CHR_B", "BP_B", "SNP_B", "R"], ["1", "5", "a", "1", "6", "b", "0.4"]]
        case "one variant less":
            lines = lines[:-1]
        case "no list":
            lines = ["hello"]
        case "position":
            lines[7] = lines[7].replace("170", "1e2")
        case "alleles":
            lines[7] = "chr1\trs7\t0\t170\tA\tA"
        case "fields":
            lines[7] = "chr1\trs7\t0\t170\tA"
    (folder / "m.ld").write_text("\n".join("\t".join(row) for row in text) + "\n")
    listing.write_text("\n".join(lines) + "\n")
    return folder / "m.ld", listing


@pytest.mark.parametrize(
    ("what", "mentions"),
    [
        ("asymmetric", ("r_ij that differs from r_ji", "chr1:130", "chr1:150", "m.ld")),
        ("beyond 1", ("a value beyond 1", "1.7", "m.ld")),
        ("diagonal", ("2.5 on the diagonal", "m.ld, variant chr1:140")),
        ("no number", ("no value", "m.ld")),
        ("all nan", ("no number in the matrix",)),
        ("row short", ("29 numbers", "m.ld, line 10")),
        ("row missing", ("29 rows", "30 rows")),
        ("row too many", ("more than 30 rows", "line 31")),
        ("words", ("not all numbers", "m.ld, line 3")),
        ("table of pairs", ("not all numbers", "table of pairs", "line 1")),
        ("one variant less", ("30 numbers", "29 numbers")),
        ("no list", ("without alleles", "m.bim, line 1")),
        ("position", ("position '1e2'", "m.bim, line 8")),
        ("alleles", ("alleles 'A' and 'A'", "m.bim, line 8")),
        ("fields", ("5 fields", "m.bim, line 8")),
    ],
)
def test_bad_plink(what: str, mentions: tuple[str, ...], tmp_path: Path) -> None:
    path, listing = damage(tmp_path, what)
    with pytest.raises(DataError) as caught:
        taken(path, listing)
    for mention in mentions:
        assert mention in str(caught.value), str(caught.value)


def archive(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("what", "mentions"),
    [
        ("index", ("an index outside the matrix", "0 to 29")),
        ("size", ("29 x 29 and a list of 30",)),
        ("0.5 whole", ("0.5 on the diagonal of a whole matrix",)),
        ("two arrays", ("one square array",)),
        ("pickle", ("of type object", "numbers")),
        ("complex", ("of type complex128", "real numbers")),
        ("lying", ("of shape (1000000000,)", "at most 900 elements")),
        ("indptr", ("inconsistent",)),
        ("twice", ("an element twice",)),
        ("half", ("cannot be read",)),
    ],
)
def test_bad_npz(what: str, mentions: tuple[str, ...], tmp_path: Path) -> None:
    r, listing = correlations(), write_ukb_list(tmp_path / "v.gz", variant_table(COUNT))
    path = tmp_path / "m.npz"
    upper = sparse.csr_matrix(np.triu(r, 1) + np.eye(COUNT) / 2)
    parts = {
        "indices": upper.indices,
        "indptr": upper.indptr,
        "data": upper.data,
        "shape": np.array(upper.shape),
        "format": np.array(b"csr"),
    }
    match what:
        case "index":
            archive(path, **{**parts, "indices": np.where(upper.indices == 29, 30, upper.indices)})
        case "size":
            write_ukb(path, r[1:, 1:])
        case "0.5 whole":
            archive(path, r=r - np.eye(COUNT) / 2)
        case "two arrays":
            archive(path, a=r, b=r)
        case "pickle":
            archive(path, r=np.array([[None] * COUNT] * COUNT))
        case "complex":
            archive(path, r=r.astype(complex))
        case "lying":
            archive(path, **parts)
            with zipfile.ZipFile(path) as whole:
                members = {name: whole.read(name) for name in whole.namelist()}
            # The header claims a thousand million numbers
            old = f"({len(upper.data)},), }}".encode()
            new = b"(1000000000,), }"
            members["data.npy"] = members["data.npy"].replace(old + b" " * (len(new) - len(old)), new)
            with zipfile.ZipFile(path, "w") as whole:
                for name, data in members.items():
                    whole.writestr(name, data)
        case "indptr":
            archive(path, **{**parts, "indptr": upper.indptr[::-1].copy()})
        case "twice":
            archive(path, **{**parts, "indices": np.zeros_like(upper.indices)})
        case "half":
            archive(path, **parts)
            path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError) as caught:
        taken(path, listing)
    for mention in (*mentions, "m.npz"):
        assert mention in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("edit", "mentions"),
    [
        (lambda lines: [*lines, "5,99,0.1"], ("index 99", "0 to 5", "line 13")),
        (lambda lines: [*lines, "-1,2,0.1"], ("index -1",)),
        (lambda lines: [*lines, "1,0,0.1"], ("twice",)),
        (lambda lines: [*lines, "2,5,0.1"], ("without both diagonal elements",)),
        (lambda lines: [*lines[:3], "0;1;0.5", *lines[3:]], ("i,j,value", "line 4")),
        (lambda lines: [*lines, "4,4"], ("i,j,value",)),
        (lambda lines: ["0,0,nan", *lines[1:]], ("i,j,value", "line 1")),
        (lambda lines: [line.replace("2.5", "0.5") for line in lines], ("not positive definite",)),
        (lambda lines: ["0,0,-1.0", *lines[1:]], ("not positive definite",)),
    ],
)
def test_bad_ldgm(edit: Callable[[list[str]], list[str]], mentions: tuple[str, ...], tmp_path: Path) -> None:
    edges, listing, _, _ = toy_ldgm(tmp_path)
    lines = gzip.decompress(edges.read_bytes()).decode().splitlines()
    edges.write_bytes(gzip.compress(("\n".join(edit(lines)) + "\n").encode()))
    with pytest.raises(DataError) as caught:
        taken(edges, listing, InputFormat.LDGM)
    for mention in mentions:
        assert mention in str(caught.value), str(caught.value)


def test_bad_snplist(tmp_path: Path) -> None:
    edges, listing, _, table = toy_ldgm(tmp_path)
    text = gzip.decompress(listing.read_bytes()).decode()
    listing.write_bytes(gzip.compress(text.replace("\n3,", "\n999999999999,", 1).encode()))
    with pytest.raises(DataError, match="index 999999999999 in a list of 7"):
        taken(edges, listing)
    with pytest.raises(DataError, match="without the column index"):
        taken(edges, write_bim(tmp_path / "x.bim", table))
    listing.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(DataError, match="no contig"):
        taken(edges.rename(tmp_path / "toy.edgelist.gz"), listing)


def test_detect(tmp_path: Path) -> None:
    edges, _, _, _ = toy_ldgm(tmp_path)
    assert detect(edges) is InputFormat.LDGM
    assert detect(write_ukb(tmp_path / "m.npz", correlations())) is InputFormat.NPZ
    assert detect(write_text(tmp_path / "m.ld", correlations())) is InputFormat.PLINK
    correlations().tofile(tmp_path / "m.bin")
    assert detect(tmp_path / "m.bin") is InputFormat.PLINK


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        (("--input", "m.ld"), ("--input-variants",)),
        (("--input-variants", "m.bim"), ("--input with --input-variants",)),
        (("--input", "m.ld", "--input-variants", "m.bim", "--input-variants", "m.bim"), ("1 --input and 2 --input-variants",)),
        (("--input", "m.ld", "--input-variants", "m.bim", "--trait", "t"), ("--trait",)),
        (("--input", "m.ld", "--input-variants", "m.bim", "--ld-scores"), ("--ld-scores",)),
        (("--input", "m.ld", "--input-variants", "m.bim", "--shrinkage", "much"), ("--shrinkage much",)),
        (("--input", "m.ld", "--input-variants", "m.bim", "--shrinkage", "1.5"), ("--shrinkage 1.5",)),
        (("--input", "m.ld", "--input-variants", "m.bim", "--low-rank", "0"), ("--low-rank 0",)),
        ((), ("no input", "--genotypes")),
    ],
)
def test_options_that_do_not_fit(words: tuple[str, ...], mentions: tuple[str, ...], tmp_path: Path) -> None:
    write_text(tmp_path / "m.ld", correlations())
    write_bim(tmp_path / "m.bim", variant_table(COUNT))
    result = run_cli("encode", "ld", *words, "--out", "o/l", cwd=tmp_path)
    assert_bad_input(result, *mentions, folder=tmp_path / "o", exit_code=2)


def test_missing_list__is_named(tmp_path: Path) -> None:
    edges, _, _, _ = toy_ldgm(tmp_path)
    result = run_cli("encode", "ld", "--input", edges, "--input-variants", tmp_path / "no.snplist.gz", "--out", tmp_path / "o" / "l")
    assert_bad_input(result, "no.snplist.gz, which does not exist", folder=tmp_path / "o")
