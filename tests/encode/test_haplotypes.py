"""`encode haplotypes`: alleles, windows, accessibility and polarity, against other readers and brute force."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cyvcf2
import h5py
import msprime
import numpy as np
import pandas as pd
import pytest

from lucidseq.core.errors import UsageError
from lucidseq.core.intervals import Intervals
from lucidseq.encode.haplotypes.allele_columns import decode_alleles
from lucidseq.encode.haplotypes.open_sites import open_sites
from lucidseq.encode.haplotypes.site_windows import create_windows
from lucidseq.encode.haplotypes.unique_positions import UniquePositions
from lucidseq.encode.regions import Regions
from support import assert_bad_input, program, run_cli, run_ok

HEADER = (
    '##fileformat=VCFv4.2\n##contig=<ID=c1,length=1000>\n##contig=<ID=c2,length=500>\n##INFO=<ID=AA,Number=1,Type=String,Description="a">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
)
NAMES = ["a", "b", "c"]
ROWS = [
    # contig, position (from 1), REF, ALT, ancestral, calls
    ("c1", 10, "A", "G", "A", "0|1 1|1 0|0"),
    ("c1", 20, "C", "T", "T", "0|1 1|1 0|1"),
    ("c1", 30, "G", "A", "g", "0|0 .|. 0|1"),
    ("c1", 40, "G", "A,T", "G", "0|0 0|2 0|1"),
    ("c1", 50, "GA", "G", "GA", "0|1 0|1 0|1"),
    ("c1", 120, "T", "C", ".", "1|1 1|0 0|0"),
    ("c1", 121, "T", ".", "T", "0|0 0|0 0|0"),
    ("c1", 300, "T", "C", "T", "1|1 1|1 1|1"),
    ("c2", 7, "C", "A", "C", "1|0 0|0 0|0"),
    ("c2", 7, "C", "G", "C", "0|0 0|1 0|0"),
    ("c2", 9, "C", "A", "C", "1|0 0|0 0|0"),
]


def write_vcf(path: Path, rows: list[tuple[str, int, str, str, str, str]] = ROWS, *, names: list[str] = NAMES) -> Path:
    lines = [
        f"{contig}\t{position}\t.\t{ref}\t{alt}\t.\t.\tAA={ancestral}\tGT\t" + "\t".join(calls.split())
        for contig, position, ref, alt, ancestral, calls in rows
    ]
    head = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names])
    path.write_text(HEADER + head + "\n" + "\n".join(lines) + "\n")
    return path


def as_bcf(path: Path) -> Path:
    """The same as BCF, beside it."""
    reader = cyvcf2.VCF(str(path))
    writer = cyvcf2.Writer(str(path.with_suffix(".bcf")), reader, mode="wb")
    for record in reader:
        writer.write_record(record)
    writer.close()
    return path.with_suffix(".bcf")


def encode(folder: Path, *words: object) -> dict[str, np.ndarray]:
    run_ok("encode", "haplotypes", *words, "--out", folder / "x")
    return arrays(folder / "x.haplotypes.h5")


def arrays(path: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    with h5py.File(path) as store:
        store.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        found.update({f"@{name}": value for name, value in store.attrs.items()})
    return found


@pytest.fixture(scope="module")
def trees() -> msprime.TreeSequence:
    history = msprime.sim_ancestry(6, sequence_length=20_000, recombination_rate=1e-8, population_size=10_000, random_seed=5)
    return msprime.sim_mutations(history, rate=4e-8, random_seed=6)


def test_alleles__as_written(tmp_path: Path) -> None:
    found = encode(tmp_path, "--genotypes", write_vcf(tmp_path / "x.vcf"), "--window-size", 100, "--max-missing", 1)
    # ancestral by INFO/AA: the second site turns round; the one at 120 is unknown, the one at 300 does not vary
    assert found["sites/position"].tolist() == [9, 19, 29, 8]
    assert found["alleles"].tolist() == [[0, 1, 1, 1, 0, 0], [1, 0, 0, 0, 1, 0], [0, 0, -1, -1, 0, 1], [1, 0, 0, 0, 0, 0]]
    assert b"".join(found["sites/counted_allele"]) == b"GCAA"
    assert b"".join(found["sites/other_allele"]) == b"ATGC"
    assert found["@polarization"] == "ancestral"
    assert (found["@calls"], found["@ploidy"]) == ("haplotypes", 2)
    qc = pd.read_csv(tmp_path / "x.haplotypes.qc.tsv", sep="\t").set_index("step")
    assert qc.loc["read", "kept"] == len(ROWS)
    counts = {
        "no alternate allele": 1,
        "multi-allelic": 1,
        "not a single-nucleotide variant": 1,
        "position of several sites": 2,
        "ancestral allele unknown or neither of the two": 1,
        "copies of the rarer allele": 1,
    }
    assert {step: qc.loc[step, "removed"] for step in counts} == counts
    assert qc[qc["unit"] == "sites"]["kept"].iloc[-1] == 4


def test_split_sites__leave_as_the_multiallelic_site_does(tmp_path: Path) -> None:
    """bcftools norm -m- makes two rows of A>C,G, and calls carriers of G 0 in the row of C."""
    bcftools = program("LUCIDSEQ_BCFTOOLS", "bcftools")
    rows = [("c1", 5, "A", "C,G", "A", "0|1 2|2 0|2"), ("c1", 6, "A", "C", "A", "0|1 1|1 0|0"), ("c2", 6, "A", "T", "A", "0|1 1|1 0|0")]
    joined = write_vcf(tmp_path / "joined.vcf", rows)
    command = [bcftools, "norm", "-m-", joined, "-o", tmp_path / "split.vcf"]
    subprocess.run(command, check=True, capture_output=True)
    one, two = (encode(tmp_path, "--genotypes", tmp_path / name, "--window-size", 100, "--force") for name in ("joined.vcf", "split.vcf"))
    assert one["sites/position"].tolist() == [5, 5]
    assert all(np.array_equal(values, two[name]) for name, values in one.items())
    qc = pd.read_csv(tmp_path / "x.haplotypes.qc.tsv", sep="\t").set_index("step")
    assert qc.loc["position of several sites", "removed"] == 2


@pytest.mark.parametrize("block", [40, 90, 200, 1 << 20])
def test_lone_sites__wherever_chunks_end(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lucidseq.encode.readers.vcf_lines.BLOCK_BYTES", block)
    rng = np.random.default_rng(4)
    sites = [(contig, at) for contig in ("c1", "c2") for at in sorted(rng.integers(1, 30, 25).tolist())]
    rows = [(contig, at, "A", "CGT"[row % 3], "A", "0|1 0|0 1|1") for row, (contig, at) in enumerate(sites)]
    lone, kept = UniquePositions(), []
    for chunk in open_sites(write_vcf(tmp_path / "x.vcf", rows)).chunks():
        kept += lone.take(chunk)
    kept += lone.rest()
    expected = [site for site in sites if sites.count(site) == 1]
    assert [(chunk.contig, int(at) + 1) for chunk in kept for at in chunk.position] == expected
    assert lone.removed == len(sites) - len(expected) > 10


def test_lone_dot__is_a_missing_call_of_any_ploidy(tmp_path: Path) -> None:
    """Some callers write . for ./. in diploids; a site that nobody is called at tells no ploidy."""
    diploid = [("c1", 3, "A", "C", "A", ". . ."), ("c1", 5, "A", "C", "A", ". 0|1 0|1"), ("c1", 6, "A", "C", "A", "0|1 1|1 .")]
    haploid = [("c1", 3, "A", "C", "A", ". . ."), ("c1", 5, "A", "C", "A", ". 0 1"), ("c1", 6, "A", "C", "A", "0 1 .")]
    for name, rows, alleles in (("two", diploid, [[-1, -1, 0, 1, 0, 1], [0, 1, 1, 1, -1, -1]]), ("one", haploid, [[-1, 0, 1], [0, 1, -1]])):
        text = write_vcf(tmp_path / f"{name}.vcf", rows)
        for suffix, path in (("vcf", text), ("bcf", as_bcf(text))):
            found = encode(tmp_path, "--genotypes", path, "--window-size", 100, "--max-missing", 1, "--force")
            assert found["alleles"].tolist() == alleles, suffix
            assert found["@ploidy"] == len(alleles[0]) / 3


def test_samples_of_one_ploidy__beside_others(tmp_path: Path) -> None:
    """Males alone on X: the calls of the females, which are longer, leave nothing behind."""
    rows = [("c1", 5, "A", "C", "A", "0 0|1 1"), ("c1", 6, "A", "C", "A", "1 0|1 0")]
    (tmp_path / "men.txt").write_text("a\nc\n")
    words = ("--window-size", 100, "--samples", tmp_path / "men.txt")
    found = encode(tmp_path, "--genotypes", write_vcf(tmp_path / "x.vcf", rows), *words)
    assert found["alleles"].tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("filters", [".", "PASS", "q10;s50"])
def test_ancestral_alleles_of_bcf__are_those_of_the_text(filters: str, tmp_path: Path) -> None:
    """FILTER, empty or not, stands before INFO in a record of BCF."""
    path = write_vcf(tmp_path / "x.vcf")
    lines = path.read_text().replace("\t.\tAA=", f"\t{filters}\tAA=")
    path.write_text(lines.replace("##INFO", '##FILTER=<ID=q10,Description="a">\n##FILTER=<ID=s50,Description="b">\n##INFO', 1))
    words = ("--window-size", 100, "--max-missing", 1, "--force")
    text, bcf = (encode(tmp_path, "--genotypes", source, *words) for source in (path, as_bcf(path)))
    assert text["sites/position"].tolist() == [9, 19, 29, 8] and text["@polarization"] == "ancestral"
    assert all(np.array_equal(values, bcf[name]) for name, values in text.items())


def test_windows__hold_the_sites_between_their_ends(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf")
    found = encode(tmp_path, "--genotypes", path, "--window-size", 20, "--step", 10, "--max-missing", 1, "--polarize", "reference")
    spans = zip(
        found["windows/contig"],
        found["windows/start"],
        found["windows/end"],
        found["windows/first_site"],
        found["windows/last_site"],
        strict=True,
    )
    names = found["contigs/name"][found["sites/contig"]]
    for contig, start, end, first, last in spans:
        inside = (names == contig) & (found["sites/position"] >= start) & (found["sites/position"] < end)
        assert np.flatnonzero(inside).tolist() == list(range(first, last))
    assert found["windows/start"].tolist() == [0, 10, 20, 100, 110, 0]


def test_mask_and_accessible_regions__take_sites_and_bases(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf")
    (tmp_path / "open.bed").write_text("c1\t0\t60\nc2\t0\t500\n")
    (tmp_path / "mask.bed").write_text("c1\t15\t25\nc1\t20\t28\n")
    words = [
        "--genotypes",
        path,
        "--window-size",
        100,
        "--max-missing",
        1,
        "--accessible",
        tmp_path / "open.bed",
        "--mask",
        tmp_path / "mask.bed",
    ]
    found = encode(tmp_path, *words)
    assert found["sites/position"].tolist() == [9, 29, 8]
    assert found["windows/accessible"].tolist() == [60 - 13, 100]
    table = pd.read_csv(tmp_path / "x.windows.tsv", sep="\t")
    assert set(table[table["contig"].eq("c1") & table["start"].ge(100)]["reason"]) == {"too few accessible bases"}


def test_polarity__does_not_depend_on_which_allele_is_reference(tmp_path: Path) -> None:
    turned = []
    for contig, position, ref, alt, ancestral, calls in ROWS:
        swap = position in (20, 30, 300)
        turned.append(
            (
                contig,
                position,
                alt if swap else ref,
                ref if swap else alt,
                ancestral,
                calls.translate(str.maketrans("01", "10")) if swap else calls,
            )
        )
    for rule in ("ancestral", "minor"):
        contents = []
        for name, rows in (("one", ROWS), ("two", turned)):
            (tmp_path / rule / name).mkdir(parents=True)
            path = write_vcf(tmp_path / rule / name / "x.vcf", rows)
            found = encode(path.parent, "--genotypes", path, "--window-size", 100, "--polarize", rule, "--max-missing", 1)
            contents.append((found["alleles"].tolist(), found["sites/counted_allele"].tolist(), found["sites/position"].tolist()))
        assert contents[0] == contents[1]  # no turned site has two alleles as common as one another


def test_ancestral_fasta__small_letters_are_uncertain(tmp_path: Path) -> None:
    letters = ["n"] * 1000
    for position, letter in ((10, "A"), (20, "t"), (30, "C"), (120, "-"), (300, "T")):
        letters[position - 1] = letter
    (tmp_path / "anc.fa").write_text(">c1\n" + "".join(letters) + "\n>c2\n" + "C" * 500 + "\n")
    words = ["--genotypes", write_vcf(tmp_path / "x.vcf"), "--window-size", 100, "--ancestral", tmp_path / "anc.fa"]
    found = encode(tmp_path, *words)
    assert found["sites/position"].tolist() == [9, 19, 8]  # at 30 neither allele is ancestral
    assert found["alleles"][1].tolist() == [1, 0, 0, 0, 1, 0]
    found = encode(tmp_path, *words, "--confident-ancestral", "--force")
    assert found["sites/position"].tolist() == [9, 8]


def test_dosages__do_not_depend_on_phase(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    phased, unphased = [], []
    for position in range(1, 60):
        calls = random.integers(0, 2, (3, 2))
        phased.append(("c1", position, "A", "C", "A", " ".join(f"{a}|{b}" for a, b in calls)))
        unphased.append(("c1", position, "A", "C", "A", " ".join(f"{a}/{b}" for a, b in random.permuted(calls, axis=1))))
    contents = []
    for name, rows in (("p", phased), ("u", unphased)):
        (tmp_path / name).mkdir()
        path = write_vcf(tmp_path / name / "x.vcf", rows)
        contents.append(encode(path.parent, "--genotypes", path, "--window-size", 100, "--calls", "dosages")["alleles"])
    assert np.array_equal(*contents)
    assert set(np.unique(contents[0])) == {0, 1, 2}
    haplotypes = encode(tmp_path, "--genotypes", tmp_path / "p" / "x.vcf", "--window-size", 100)["alleles"]
    assert np.array_equal(haplotypes.reshape(-1, 3, 2).sum(axis=2), contents[0])


@pytest.mark.parametrize("ploidy", [1, 2, 4])
def test_decoding__equals_a_loop_over_the_text(ploidy: int) -> None:
    random = np.random.default_rng(ploidy)
    values = random.integers(-1, 2, (40, 7, ploidy))
    separators = random.choice(["|", "/"], (40, 7))
    tails = random.choice(["", ":12", ":.:3,4"], (40, 7))
    rows = [
        "\t".join(sep.join("." if v < 0 else str(v) for v in call) + tail for call, sep, tail in zip(row, line, ends, strict=True)).encode()
        for row, line, ends in zip(values, separators, tails, strict=True)
    ]
    alleles, phased, wrong = decode_alleles(rows, 7)
    assert not wrong.any()
    assert np.array_equal(alleles, values)
    assert ploidy == 1 or np.array_equal(phased, separators == "|")


def test_decoding__of_one_sample() -> None:
    alleles, phased, wrong = decode_alleles([b"0|1:12", b"1/1:7", b"0|1:3\t0|0:1"], 1)
    assert wrong.tolist() == [False, False, True]
    assert alleles[:2, 0].tolist() == [[0, 1], [1, 1]]
    assert phased[:2, 0].tolist() == [True, False]


@pytest.mark.parametrize(
    "row", [b"0|1\t1|1", b"0|1\t1|1\t0|1\t0|0", b"0|1\t1|3\t0|1", b"0|1\tx\t0|1", b"0|\t1|1\t0|1", b"", b"0|1\t\t0|1", b"0-1\t1|1\t0|1"]
)
def test_decoding__tells_rows_of_another_shape(row: bytes) -> None:
    good = b"0|1\t1|.\t0|0"
    alleles, _, wrong = decode_alleles([good, row, good], 3)
    assert wrong.tolist() == [False, True, False]
    assert alleles[0].tolist() == alleles[2].tolist()


def test_tree_sequence__equals_tskits_own_matrix(trees, tmp_path: Path) -> None:
    trees.dump(tmp_path / "chr7.trees")
    found = encode(tmp_path, "--genotypes", tmp_path / "chr7.trees", "--window-size", 5000)
    sites = [v.site for v in trees.variants() if len(v.alleles) == 2 and len(set(v.genotypes)) == 2]
    matrix = trees.genotype_matrix()[[site.id for site in sites]]
    assert len(sites) > 50
    assert np.array_equal(found["alleles"], matrix)
    assert found["sites/position"].tolist() == [int(site.position) for site in sites]
    assert found["contigs/name"].tolist() == [b"chr7"]
    assert found["windows/end"].tolist() == [5000, 10000, 15000, 20000]


def test_vcf_and_bcf_of_a_tree_sequence__hold_the_same_alleles(trees, tmp_path: Path) -> None:
    with (tmp_path / "x.vcf").open("w") as handle:
        trees.write_vcf(handle, contig_id="chr7", position_transform=lambda positions: np.asarray(positions) + 1)
    writer = cyvcf2.VCF(str(tmp_path / "x.vcf"))
    bcf = cyvcf2.Writer(str(tmp_path / "x.bcf"), writer, mode="wb")
    for record in writer:
        bcf.write_record(record)
    bcf.close()
    trees.dump(tmp_path / "chr7.trees")
    (tmp_path / "w.bed").write_text("chr7\t0\t20000\n")
    contents = {}
    for name in ("x.vcf", "x.bcf", "chr7.trees"):
        rule = ["--polarize", "auto" if name == "chr7.trees" else "reference"]
        found = encode(tmp_path, "--genotypes", tmp_path / name, "--windows", tmp_path / "w.bed", *rule, "--force")
        contents[name] = (found["alleles"].tolist(), found["sites/position"].tolist(), found["samples/id"].tolist())
    assert contents["x.vcf"] == contents["x.bcf"] == contents["chr7.trees"]


def test_real_windows__equal_cyvcf2(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "popgen"
    found = encode(tmp_path, "--genotypes", folder / "mutrecrate.test.vcf.gz", "--windows", folder / "mutrecrate.windows.bed")
    rows, positions = [], []
    for record in cyvcf2.VCF(str(folder / "mutrecrate.test.vcf.gz")):
        calls = record.genotype.array()[:, :2].ravel()
        if len(record.ALT) == 1 and 0 < calls.sum() < len(calls) and record.POS - 1 not in positions[-1:]:
            rows.append(calls)
            positions.append(record.POS - 1)
    assert np.array_equal(found["alleles"], np.array(rows))
    assert len(found["windows/start"]) == 30
    assert found["windows/last_site"][-1] == len(rows)


def test_real_haploid_flies__with_their_mask(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "popgen"
    words = ["--genome", folder / "relernn_genome.bed", "--window-size", 100_000, "--mask", folder / "relernn_accessibility_mask.bed"]
    found = encode(tmp_path, "--genotypes", folder / "relernn_example.vcf.gz", *words)
    assert (found["@ploidy"], found["alleles"].shape) == (1, (50_005, 10))
    assert found["windows/accessible"][0] == 100_000 - 7000
    assert found["contigs/name"].tolist() == [b"2L", b"2R", b"3L", b"3R", b"X"]


def test_regions__cover_and_subtract_as_masks_do() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        sets = []
        for _ in range(2):
            starts = random.integers(0, 90, 4)
            sets.append(Intervals.of("c", starts, starts + random.integers(1, 20, 4)))
        masks = np.zeros((2, 120), dtype=bool)
        for mask, intervals in zip(masks, sets, strict=True):
            for start, end in zip(intervals.start, intervals.end, strict=True):
                mask[start:end] = True
        one, other = map(Regions, sets)
        start, end = np.sort(random.integers(0, 121, (2, 30)), axis=0)
        expected = [int((masks[0] & ~masks[1])[a:b].sum()) for a, b in zip(start, end, strict=True)]
        assert one.subtract(other).covered("c", start, end).tolist() == expected
        assert one.covered("c", start, end).tolist() == [int(masks[0][a:b].sum()) for a, b in zip(start, end, strict=True)]


def test_tiles__cover_each_base_once() -> None:
    for length in (1, 9, 10, 11, 30):
        windows = create_windows(Intervals.of("c", [5], [5 + length]), 10, 10)
        edges = zip(windows.start.tolist(), windows.end.tolist(), strict=True)
        assert sorted(base for start, end in edges for base in range(start, end)) == list(range(5, 5 + length))


def test_sites__are_the_same_for_other_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_vcf(tmp_path / "x.vcf")
    whole = [chunk.alleles for chunk in open_sites(tmp_path / "x.vcf").chunks()]
    monkeypatch.setattr("lucidseq.encode.readers.vcf_lines.BLOCK_BYTES", 64)
    pieces = [chunk.alleles for chunk in open_sites(tmp_path / "x.vcf").chunks()]
    assert len(pieces) > len(whole)
    assert np.array_equal(np.concatenate(whole), np.concatenate(pieces))


BAD = {
    "unphased": ([("c1", 5, "A", "C", "A", "0/1 0|0 1|1")], [], ["unphased", "--calls dosages", "c1:5"]),
    "mixed ploidy": ([("c1", 5, "A", "C", "A", "0|1 0 1|1")], [], ["calls of 1 and of 2 alleles"]),
    "ploidy of contigs": ([("c1", 5, "A", "C", "A", "0|1 0|0 1|1"), ("c2", 5, "A", "C", "A", "0 1 1")], [], ["one ploidy"]),
    "unsorted": ([("c1", 50, "A", "C", "A", "0|1 0|0 1|1"), ("c1", 5, "A", "C", "A", "0|1 0|0 1|1")], [], ["out of order", "c1:5"]),
    "contig twice": (
        [("c1", 5, "A", "C", "A", "0|1 0|0 1|1"), ("c2", 5, "A", "C", "A", "0|1 0|0 1|1"), ("c1", 9, "A", "C", "A", "0|1 0|0 1|1")],
        [],
        ["out of order", "c1:9"],
    ),
    "wrong calls": ([("c1", 5, "A", "C", "A", "0|1 0|7 1|1")], [], ["x.vcf", "line 7"]),
    "nothing varies": ([("c1", 5, "A", "C", "A", "0|0 0|0 0|0")], [], ["every site was removed", "copies of the rarer allele: 1"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input__is_named(name: str, tmp_path: Path) -> None:
    rows, words, mentions = BAD[name]
    path = write_vcf(tmp_path / "x.vcf", rows)
    result = run_cli("encode", "haplotypes", "--genotypes", path, "--window-size", 100, *words, "--out", tmp_path / "out" / "y")
    assert_bad_input(result, *mentions, folder=tmp_path / "out")


def test_bad_options__are_named(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf")
    (tmp_path / "w.bed").write_text("chrc1\t0\t100\n")
    (tmp_path / "names.txt").write_text("a\nnobody\n")
    base = ["encode", "haplotypes", "--genotypes", path, "--out", tmp_path / "out" / "y"]
    for words, code, mention in (
        (["--windows", tmp_path / "w.bed", "--window-size", 5], 2, "--window-size"),
        ([], 2, "--windows"),
        (["--windows", tmp_path / "w.bed"], 3, "windows on chrc1, sites on c1"),
        (["--window-size", 100, "--samples", tmp_path / "names.txt"], 3, "nobody"),
        (["--window-size", 100, "--polarize", "minor", "--ancestral", path], 2, "--ancestral"),
    ):
        assert_bad_input(run_cli(*base, *words), mention, folder=tmp_path / "out", exit_code=code)
    (tmp_path / "half.trees").write_bytes(b"\x89KAS\r\n\x1a\n" + b"\x00" * 200)
    result = run_cli("encode", "haplotypes", "--genotypes", tmp_path / "half.trees", "--window-size", 9, "--out", tmp_path / "out" / "y")
    assert_bad_input(result, "half.trees", folder=tmp_path / "out")


def test_other_names_and_lengths__are_refused(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "x.vcf")
    base = ["encode", "haplotypes", "--genotypes", vcf, "--out", tmp_path / "out" / "x"]
    (tmp_path / "chr.bed").write_text("chrc1\t0\t100\n")
    (tmp_path / "long.bed").write_text("c1\t900\t1100\n")
    for words, mention in (
        (["--window-size", 100, "--mask", tmp_path / "chr.bed"], "(chrc1 for c1)"),
        (["--window-size", 100, "--accessible", tmp_path / "chr.bed"], "(chrc1 for c1)"),
        (["--windows", tmp_path / "long.bed"], "positions up to 1000"),
        (["--window-size", 100, "--genome", tmp_path / "long.bed"], "positions up to 1000"),
    ):
        assert_bad_input(run_cli(*base, *words), mention, folder=tmp_path / "out")


def test_byte_order_mark_and_carriage_returns__are_read(tmp_path: Path) -> None:
    plain = write_vcf(tmp_path / "x.vcf")
    marked = tmp_path / "y.vcf"
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    one, other = (encode(tmp_path / path.stem, "--genotypes", path, "--window-size", 100, "--max-missing", 1) for path in (plain, marked))
    assert all(np.array_equal(values, other[name]) for name, values in one.items())


def test_bcf__cut_between_blocks_is_refused(trees: msprime.TreeSequence, tmp_path: Path) -> None:
    with (tmp_path / "x.vcf").open("w") as handle:
        trees.write_vcf(handle, position_transform=lambda positions: np.asarray(positions) + 1)
    reader = cyvcf2.VCF(str(tmp_path / "x.vcf"))
    writer = cyvcf2.Writer(str(tmp_path / "x.bcf"), reader, mode="wb")
    for record in reader:
        writer.write_record(record)
    writer.close()
    whole = (tmp_path / "x.bcf").read_bytes()
    (tmp_path / "cut.bcf").write_bytes(whole[:-28])  # without the empty block that ends it
    result = run_cli("encode", "haplotypes", "--genotypes", tmp_path / "cut.bcf", "--window-size", 1000, "--out", tmp_path / "out" / "x")
    assert_bad_input(result, "without its end block", folder=tmp_path / "out")


def test_more_windows_than_memory_holds__are_refused_before_they_are_laid() -> None:
    with pytest.raises(UsageError, match="42,949,673 windows of 50 bases"):
        create_windows(Intervals.of("c", [0], [(1 << 31) - 1]), 50, 50)


def phase_set_file(path: Path, second: tuple[str, ...]) -> Path:
    """Two sites, at 100 and 200; the first of one phase set in every sample."""
    head = HEADER + '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="p">\n'
    names = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *NAMES])
    rows = [("100", ("0|1:100", "1|0:100", "0|0:1")), ("200", second)]
    lines = ["\t".join(["c1", position, ".", "A", "G", ".", ".", "AA=A", "GT:PS", *cells]) for position, cells in rows]
    path.write_text(head + names + "\n" + "\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
@pytest.mark.parametrize("size", [1000, 150])
def test_phase_sets__are_not_joined(tmp_path: Path, suffix: str, size: int) -> None:
    """A window over both sites joins two sets of sample a; a window of either site does not."""
    path = phase_set_file(tmp_path / "x.vcf", ("0|1:200", "1|0:100", "0|1:7"))
    path = as_bcf(path) if suffix == ".bcf" else path
    words = ("--genotypes", path, "--window-size", size, "--step", 1000 if size == 1000 else 150)
    refused = run_cli("encode", "haplotypes", *words, "--out", tmp_path / "out" / "r")
    if size == 1000:
        assert_bad_input(refused, "sample a", "c1:200", "--phase-sets break", folder=tmp_path / "out")
    else:
        assert refused.returncode == 0, refused.stderr
    run_ok("encode", "haplotypes", *words, "--phase-sets", "break", "--out", tmp_path / "h")
    table = pd.read_csv(tmp_path / "h.windows.tsv", sep="\t", keep_default_na=False)
    joined = table["reason"] == "several phase sets of a sample"
    assert joined.sum() == (size == 1000)
    card = {check["name"]: check["value"] for check in json.loads((tmp_path / "h.encode_haplotypes.card.json").read_text())["checks"]}
    assert card["windows with several phase sets of a sample"] == joined.sum()


@pytest.mark.parametrize("second", [("1|0:100", "1|1:9", "0|1:7"), ("0|0:200", ".|.:.", "1|1:3"), ("0|1:100", "0|1:100", "0|1:.")])
def test_phase_sets__of_homozygous_calls_and_of_one_set_have_no_break(tmp_path: Path, second: tuple[str, ...]) -> None:
    path = phase_set_file(tmp_path / "x.vcf", second)
    run_ok("encode", "haplotypes", "--genotypes", path, "--window-size", 1000, "--max-missing", 1, "--out", tmp_path / "h")
    for name, words in (("unnamed", (".", "100")), ("dosages", ("5", "--calls"))):
        path = phase_set_file(tmp_path / f"{name}.vcf", (f"0|1:{words[0]}", "1|0:100", "0|0:1"))
        extra = ("--calls", "dosages") if name == "dosages" else ()
        code = run_cli("encode", "haplotypes", "--genotypes", path, "--window-size", 1000, *extra, "--out", tmp_path / name).returncode
        assert code == (0 if name == "dosages" else 3)
