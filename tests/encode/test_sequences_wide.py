"""`encode sequences`: transcription starts, bins, blacklist, matched negatives, near-copies, personal sequences, one-hot files."""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pybigtools
import pysam
import pytest

from lucidseq.core import alphabet
from lucidseq.core.card import Check, Verdict, read_card
from lucidseq.core.genome import Genome
from lucidseq.core.schema import SEQUENCES
from lucidseq.core.stores import open_store, read_text
from lucidseq.encode.sequences.near_copies import K, canonical_kmers, jaccard, near_copies
from lucidseq.encode.sequences.personal import Edit, Window, apply_edits
from support import assert_bad_input, run_cli, run_ok

LENGTHS = {"chr1": 30_000, "chr2": 20_000}


def bases(seed: int, length: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


GENOME = {name: bases(number, length) for number, (name, length) in enumerate(LENGTHS.items())}


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    """A genome whose second half of every 2,000 bases is soft-masked."""
    path = tmp_path / "genome.fa"
    texts = {
        name: "".join(letter.lower() if base % 2000 >= 1000 else letter for base, letter in enumerate(text))
        for name, text in GENOME.items()
    }
    path.write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    return path


def encode(folder: Path, *words: object, name: str = "s") -> dict[str, np.ndarray]:
    run_ok("encode", "sequences", "--out", folder / name, "--force", *words)
    with open_store(folder / f"{name}.sequences.h5", SEQUENCES) as store:
        found = {key: store[key][()] for key in store}
        return found | {key: read_text(store[key]) for key in ("contig", "id", "strand")}


def text(codes: np.ndarray) -> list[str]:
    return [alphabet.decode(row) for row in codes]


def complement(letters: str) -> str:
    return letters[::-1].translate(str.maketrans("ACGT", "TGCA"))


def write_regions(path: Path, starts: dict[str, list[int]], width: int = 200) -> Path:
    path.write_text("".join(f"{contig}\t{at}\t{at + width}\t{contig}_{at}\n" for contig, ats in starts.items() for at in ats))
    return path


def test_gtf__windows_lie_around_transcription_starts(genome: Path, tmp_path: Path) -> None:
    rows = [
        ("chr1", 1001, 3000, "+", "A", "protein_coding"),
        ("chr1", 5001, 7000, "-", "B", "protein_coding"),
        ("chr2", 901, 2000, "+", "C", "lncRNA"),
    ]
    lines = [
        f'{contig}\tx\ttranscript\t{start}\t{end}\t.\t{strand}\t.\tgene_id "{name}"; gene_type "{kind}";'
        for contig, start, end, strand, name, kind in rows
    ]
    (tmp_path / "genes.gtf").write_text("\n".join(lines) + "\n")
    words = ["--fasta", genome, "--gtf", tmp_path / "genes.gtf", "--window", 101, "--stranded", "--test-share", 0, "--valid-share", 0]
    found = encode(tmp_path, *words)
    assert found["id"].tolist() == ["A", "B", "C"]
    assert text(found["codes"]) == [GENOME["chr1"][950:1051], complement(GENOME["chr1"][6949:7050]), GENOME["chr2"][850:951]]
    assert encode(tmp_path, *words, "--gene-type", "lncRNA")["id"].tolist() == ["C"]


@pytest.fixture
def track(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    random = np.random.default_rng(7)
    values = {name: np.round(random.gamma(1, 1, length), 2) * (random.random(length) < 0.8) for name, length in LENGTHS.items()}
    rows = ((name, at, at + 1, float(value)) for name in values for at, value in enumerate(values[name]) if value > 0)
    pybigtools.open(str(tmp_path / "signal.bw"), "w").write(LENGTHS, rows)
    return tmp_path / "signal.bw", values


@pytest.mark.parametrize(("statistic", "reduce"), [("mean", np.mean), ("max", np.max), ("sum", np.sum)])
@pytest.mark.parametrize(("bin_size", "covered"), [(1, 200), (25, 200), (16, 128)])
def test_bins__are_the_tracks_bases(bin_size: int, covered: int, statistic: str, reduce, genome: Path, track, tmp_path: Path) -> None:
    path, values = track
    (tmp_path / "r.bed").write_text("chr1\t100\t300\ta\t0\t+\nchr1\t500\t700\tb\t0\t-\nchr2\t0\t40\tc\t0\t+\n")
    words = [
        "--fasta",
        genome,
        "--regions",
        tmp_path / "r.bed",
        "--window",
        200,
        "--stranded",
        "--signal",
        path,
        "--signal-statistic",
        statistic,
        "--bin-size",
        bin_size,
        "--target-window",
        covered,
        "--max-n-share",
        1,
    ]
    found = encode(tmp_path, *words)
    margin = (200 - covered) // 2
    padded = {name: np.concatenate([np.zeros(100), signal, np.zeros(100)]) for name, signal in values.items()}
    for row, (contig, start, strand) in enumerate([("chr1", 100, "+"), ("chr1", 500, "-"), ("chr2", -80, "+")]):
        signal = padded[contig][100 + start + margin : 100 + start + margin + covered]
        expected = reduce(signal.reshape(-1, bin_size), axis=1)
        assert np.allclose(found["profile"][row, 0], expected[::-1] if strand == "-" else expected, rtol=1e-5, atol=1e-6)
    if covered == 200 and statistic == "mean":
        assert np.allclose(found["profile"].mean(axis=2), found["target"], rtol=1e-5)


def test_blacklist__takes_windows_and_negatives(genome: Path, tmp_path: Path) -> None:
    regions = write_regions(tmp_path / "r.bed", {"chr1": list(range(0, 9000, 600))})
    (tmp_path / "black.bed").write_text("chr1\t750\t760\nchr1\t10000\t30000\n")
    found = encode(tmp_path, "--fasta", genome, "--regions", regions, "--blacklist", tmp_path / "black.bed", "--negatives", "gc-matched")
    assert "chr1_600" not in found["id"]
    assert (found["target"][:, 0] == 1).sum() == 14
    assert found["end"].max() <= 10_000
    qc = (tmp_path / "s.sequences.qc.tsv").read_text()
    assert "overlaps the blacklist\t1\t14" in qc


def test_repeats__negatives_have_as_many(genome: Path, tmp_path: Path) -> None:
    regions = write_regions(tmp_path / "r.bed", {"chr1": [100, 2200, 4300, 6500, 8900], "chr2": [1100, 3300, 5400]})
    found = encode(tmp_path, "--fasta", genome, "--regions", regions, "--negatives", "gc-repeat-matched", "--negatives-per-positive", 2)
    masked = {name: np.arange(length) % 2000 >= 1000 for name, length in LENGTHS.items()}
    share = np.array(
        [masked[contig][start:end].mean() for contig, start, end in zip(found["contig"], found["start"], found["end"], strict=True)]
    )
    for contig in LENGTHS:
        mine = found["contig"] == contig
        positive, negative = (np.ceil(share[mine & (found["target"][:, 0] == value)] * 10 - 1e-9) for value in (1, 0))
        assert len(negative)
        for tenth in set(negative):
            assert (negative == tenth).sum() <= 2 * (positive == tenth).sum()


def test_negatives_from__are_centred_on_given_intervals(genome: Path, tmp_path: Path) -> None:
    regions = write_regions(tmp_path / "r.bed", {"chr1": list(range(0, 6000, 400))})
    pool = write_regions(tmp_path / "open.bed", {"chr1": list(range(5800, 29_000, 150))}, width=80)
    found = encode(tmp_path, "--fasta", genome, "--regions", regions, "--negatives", "gc-matched", "--negatives-from", pool)
    negatives = found["start"][found["target"][:, 0] == 0]
    middles = {int(at) + 40 for at in range(5800, 29_000, 150)}
    assert len(negatives) > 5
    assert {int(start) + 100 for start in negatives} <= middles
    assert (negatives >= 5800 + 0).all()
    assert all(b - a >= 200 for a, b in itertools.pairwise(sorted(negatives)))


def codes_of(letters: str) -> np.ndarray:
    return alphabet.encode(letters)


def mutate(letters: str, share: float, random: np.random.Generator) -> str:
    return "".join(random.choice([base for base in "ACGT" if base != letter]) if random.random() < share else letter for letter in letters)


@pytest.fixture(scope="module")
def families() -> tuple[np.ndarray, np.ndarray]:
    """400 unrelated sequences of 300 bases, and copies of 80 of them: mutated, shifted, on the other strand."""
    random = np.random.default_rng(5)
    texts = [bases(100 + number, 300) for number in range(400)]
    family = list(range(400))
    for number in range(80):
        copy = texts[number]
        if number % 4 == 0:
            copy = mutate(copy, 0.03, random)
        elif number % 4 == 1:
            copy = copy[60:] + bases(9000 + number, 60)
        elif number % 4 == 2:
            copy = complement(copy)
        else:
            copy = complement(mutate(bases(8000 + number, 30) + copy[:270], 0.02, random))
        texts.append(copy)
        family.append(number)
    order = random.permutation(len(texts))
    return np.stack([codes_of(texts[index]) for index in order]), np.array(family)[order]


def kmer_set(letters: str) -> set[str]:
    return {min(letters[at : at + K], complement(letters[at : at + K])) for at in range(len(letters) - K + 1)}


def test_kmers__are_those_of_both_strands(families) -> None:
    codes = families[0][:5]
    for row, kmers in zip(text(codes), canonical_kmers(codes, K), strict=True):
        assert len(set(kmers.tolist())) == len(kmer_set(row))
    backward = canonical_kmers(alphabet.reverse_complement(codes), K)[:, ::-1]
    assert np.array_equal(backward, canonical_kmers(codes, K))
    codes = codes.copy()
    codes[:, 100] = 4
    assert (canonical_kmers(codes, K) == np.iinfo(np.uint64).max).sum(axis=1).tolist() == [K] * 5


def test_jaccard__equals_sets(families) -> None:
    codes = families[0][:30]
    sets = [kmer_set(row) for row in text(codes)]
    left, right = np.triu_indices(30)
    expected = [len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in zip(left, right, strict=True)]
    assert np.allclose(jaccard(codes, left, right), expected)


def test_near_copies__are_found_and_nothing_else(families) -> None:
    codes, family = families
    cluster = near_copies(codes, 0.2)
    assert len(set(zip(cluster, family, strict=True))) == len(set(cluster)) == len(set(family)) == 400
    turned = near_copies(alphabet.reverse_complement(codes), 0.2)
    assert np.array_equal(cluster, turned)
    assert len(set(near_copies(codes, 1.0))) == 480 - 20  # the whole reverse complements alone


def test_separate__leaks_nothing(families, tmp_path: Path) -> None:
    codes, _ = families
    (tmp_path / "x.fa").write_text("".join(f">s{row}\n{letters}\n" for row, letters in enumerate(text(codes))))
    (tmp_path / "y.tsv").write_text("id\ty\n" + "".join(f"s{row}\t{row % 2}\n" for row in range(len(codes))))
    words = ["--fasta", tmp_path / "x.fa", "--labels", tmp_path / "y.tsv", "--test-share", 0.3, "--valid-share", 0.3]

    def leaks(found: dict[str, np.ndarray]) -> int:
        sets = [kmer_set(row) for row in text(found["codes"])]
        pairs = itertools.combinations(range(len(sets)), 2)
        return sum(len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= 0.2 for a, b in pairs if found["split"][a] != found["split"][b])

    kept = encode(tmp_path, *words)
    separate = encode(tmp_path, *words, "--near-copies", "separate")
    assert leaks(kept) > 10
    assert leaks(separate) == 0
    assert len(separate["id"]) == 480
    assert np.bincount(separate["split"]).min() > 80


def test_separate__takes_training_copies_of_held_out_contigs(genome: Path, tmp_path: Path) -> None:
    texts = dict(GENOME)
    texts["chr2"] = texts["chr2"][:4000] + complement(texts["chr1"][3000:3400]) + texts["chr2"][4400:]
    genome.write_text("".join(f">{name}\n{letters}\n" for name, letters in texts.items()))
    regions = write_regions(tmp_path / "r.bed", {"chr1": [1000, 3050, 7000], "chr2": [1000, 4100, 9000]})
    found = encode(
        tmp_path, "--fasta", genome, "--regions", regions, "--test-contigs", "chr2", "--valid-share", 0, "--near-copies", "separate"
    )
    assert found["id"].tolist() == ["chr1_1000", "chr1_7000", "chr2_1000", "chr2_4100", "chr2_9000"]
    assert "near-copy of a held-out sequence\t1\t5" in (tmp_path / "s.sequences.qc.tsv").read_text()


def write_people(path: Path, rows: list[tuple[str, int, str, str, str]], names: tuple[str, ...] = ("ann", "bob")) -> Path:
    head = '##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##contig=<ID=chr2>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    head += "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]) + "\n"
    plain = path.with_suffix("")
    plain.write_text(
        head
        + "".join(
            f"{contig}\t{at}\t.\t{ref}\t{alt}\t.\t.\t.\tGT\t" + "\t".join(calls.split()) + "\n" for contig, at, ref, alt, calls in rows
        )
    )
    pysam.tabix_compress(str(plain), str(path), force=True)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def other(letter: str) -> str:
    return "ACGT"[("ACGT".index(letter) + 1) % 4]


def test_personal__each_haplotype_carries_its_alleles(genome: Path, tmp_path: Path) -> None:
    one = GENOME["chr1"]
    rows = [
        ("chr1", 1021, one[1020], other(one[1020]), "0|1 1|1"),
        ("chr1", 1041, one[1040:1044], one[1040], "1|0 0|0"),  # a deletion of 3 before the middle
        ("chr1", 1161, one[1160], one[1160] + "ACGTA", "0|1 .|0"),  # an insertion of 5 after it
    ]
    (tmp_path / "r.bed").write_text("chr1\t1000\t1200\tx\nchr2\t500\t700\ty\n")
    people = write_people(tmp_path / "p.vcf.gz", rows)
    words = ["--fasta", genome, "--regions", tmp_path / "r.bed", "--variants", people, "--test-share", 0, "--valid-share", 0]
    found = encode(tmp_path, *words)
    names = [f"{window}|{name}|{copy}" for window in "xy" for name in ("ann", "bob") for copy in (1, 2)]
    assert found["id"].tolist() == names
    left, right = one[1000:1100], one[1100:1200]
    snv = left[:20] + other(left[20]) + left[21:]
    deleted = (one[997:1000] + left[:41] + left[44:])[-100:]
    inserted = (right[:61] + "ACGTA" + right[61:])[:100]
    assert text(found["codes"])[:4] == [deleted + right, snv + inserted, snv + right, snv + right]
    assert set(text(found["codes"])[4:]) == {GENOME["chr2"][500:700]}
    assert "missing allele, taken as reference\t1" in (tmp_path / "s.sequences.qc.tsv").read_text()
    (tmp_path / "p.vcf.gz.tbi").unlink()  # an index is made where there is none
    (tmp_path / "who.txt").write_text("bob\n")
    assert encode(tmp_path, *words, "--samples", tmp_path / "who.txt")["id"].tolist() == [name for name in names if "bob" in name]
    (tmp_path / "labels.tsv").write_text("id\ty\nx|ann\t1\nx|bob\t2\ny|ann\t3\ny|bob\t4\n")
    assert encode(tmp_path, *words, "--labels", tmp_path / "labels.tsv")["target"][:, 0].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_personal__star_symbolic_and_neighbouring_alleles(genome: Path, tmp_path: Path) -> None:
    one = GENOME["chr1"]
    snv = other(one[1042])
    rows = [
        ("chr1", 1041, one[1040:1044], one[1040], "1|0 0|0"),  # takes bases 1042-1044 away
        ("chr1", 1043, one[1042], f"{snv},*", "2|1 0|0"),  # gone on ann's first, changed on her second
        ("chr1", 1061, one[1060], one[1060] + "TT", "0|1 0|0"),  # after a base ...
        ("chr1", 1061, one[1060], other(one[1060]), "0|1 0|0"),  # ... that is changed too
        ("chr1", 1081, one[1080], "<DEL>", "1|0 0|0"),
    ]
    (tmp_path / "r.bed").write_text("chr1\t1000\t1200\tx\n")
    people = write_people(tmp_path / "p.vcf.gz", rows)
    found = encode(tmp_path, "--fasta", genome, "--regions", tmp_path / "r.bed", "--variants", people)
    left, right = one[1000:1100], one[1100:1200]
    changed = left[:42] + snv + left[43:60] + other(left[60]) + "TT" + left[61:]
    deleted = one[997:1000] + left[:41] + left[44:]
    assert text(found["codes"]) == [deleted + right, changed[-100:] + right, left + right, left + right]
    steps = (tmp_path / "s.sequences.qc.tsv").read_text()
    assert "alleles\tcarried by a haplotype, or missing\t0\t5\n" in steps
    assert "alleles\tsymbolic allele\t1\t4\n" in steps
    card = json.loads((tmp_path / "s.encode_sequences.card.json").read_text())
    assert {check["name"]: check["value"] for check in card["checks"]}[
        "alleles inserted into the sequences, of those carried"
    ] == pytest.approx(0.8)


def test_personal__as_many_haplotypes_as_a_sample_has(genome: Path, tmp_path: Path) -> None:
    one = GENOME["chr1"]
    rows = [("chr1", 1021, one[1020], other(one[1020]), "0|1 1"), ("chr1", 1051, one[1050], other(one[1050]), "1|0 .")]
    (tmp_path / "r.bed").write_text("chr1\t1000\t1200\tx\nchr1\t3000\t3200\ty\n")
    people = write_people(tmp_path / "p.vcf.gz", rows)
    words = ["--fasta", genome, "--regions", tmp_path / "r.bed", "--variants", people]
    result = run_cli("encode", "sequences", *words, "--out", tmp_path / "s")
    assert result.returncode == 0, result.stderr
    assert "UserWarning" not in result.stderr  # of a window without variants
    with h5py.File(tmp_path / "s.sequences.h5") as store:
        names = store["id"].asstr()[:].tolist()
    assert names == [f"{window}|{copy}" for window in "xy" for copy in ("ann|1", "ann|2", "bob|1")]
    whole = people.read_bytes()
    people.write_bytes(whole[:-28])  # without the empty block that ends it
    bad = run_cli("encode", "sequences", *words, "--out", tmp_path / "out" / "s")
    assert_bad_input(bad, "without its end block", folder=tmp_path / "out")
    write_people(tmp_path / "p.vcf.gz", [*rows, ("chr1", 1061, one[1060], other(one[1060]), "0|1 0|1")])
    bad = run_cli("encode", "sequences", *words, "--out", tmp_path / "out" / "s")
    assert_bad_input(bad, "bob with different numbers of alleles", folder=tmp_path / "out")


def test_personal__versions_of_a_window_share_a_split(genome: Path, tmp_path: Path) -> None:
    starts = list(range(1000, 25_000, 500))
    rows = [("chr1", at + 50, GENOME["chr1"][at + 49], other(GENOME["chr1"][at + 49]), "0|1 1|0") for at in starts]
    regions = write_regions(tmp_path / "r.bed", {"chr1": starts})
    people = write_people(tmp_path / "p.vcf.gz", rows)
    found = encode(tmp_path, "--fasta", genome, "--regions", regions, "--variants", people, "--test-share", 0.3)
    by_window: dict[str, set[int]] = {}
    for name, split in zip(found["id"], found["split"].tolist(), strict=True):
        by_window.setdefault(name.partition("|")[0], set()).add(split)
    assert {len(splits) for splits in by_window.values()} == {1}
    assert set(found["split"]) == {0, 1, 2}
    card = json.loads((tmp_path / "s.encode_sequences.card.json").read_text())
    counts = [
        sum(splits == {split} for splits in by_window.values()) for split in (0, 1, 2)
    ]  # of windows, not of the four versions of each
    said = f"train {counts[0]}, valid {counts[1]}, test {counts[2]} windows, each in several versions"
    assert said in [check["value"] for check in card["checks"]]


def test_one_hot__real_irf1_peaks(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "sequences" / "irf1_400_h3k27ac.h5"
    found = encode(tmp_path, "--one-hot", path, "--target-name", "IRF1")
    with h5py.File(path) as store:
        assert np.bincount(found["split"]).tolist() == [len(store[f"X_{name}"]) for name in ("train", "valid", "test")]
        one_hot = store["X_valid"][()]
        targets = np.concatenate([store[f"Y_{name}"][()] for name in ("train", "valid", "test")])
    assert np.array_equal(np.eye(4, dtype=np.float32)[found["codes"][found["split"] == 1]], np.moveaxis(one_hot, 1, 2))
    assert np.array_equal(found["target"], targets)


def test_bad_options__are_named(genome: Path, track, tmp_path: Path) -> None:
    regions = write_regions(tmp_path / "r.bed", {"chr1": [1000, 3000]})
    far = write_regions(tmp_path / "far.bed", {"chr2": [1000]})
    lower = tmp_path / "upper.fa"
    lower.write_text("".join(f">{name}\n{letters}\n" for name, letters in GENOME.items()))
    unphased = write_people(tmp_path / "u.vcf.gz", [("chr1", 1021, GENOME["chr1"][1020], other(GENOME["chr1"][1020]), "0/1 0|0")])
    wrong = write_people(tmp_path / "w.vcf.gz", [("chr1", 1021, other(GENOME["chr1"][1020]), GENOME["chr1"][1020], "0|1 0|0")])
    (tmp_path / "one.h5").write_bytes(b"not HDF5 at all")
    with h5py.File(tmp_path / "two.h5", "w") as store:
        store["x_train"], store["y_train"] = np.full((2, 8, 4), 0.7), [0, 1]
    plain = tmp_path / "plain.vcf"
    plain.write_bytes(gzip.decompress(wrong.read_bytes()))
    (tmp_path / "three.bed").write_text("chr1\t1000\t1200\nchr1\t3000\t3200\n")
    (tmp_path / "genes.gtf").write_text('chr1\tx\ttranscript\t1001\t3000\t7\t+\t.\tgene_id "A";\n')
    (tmp_path / "huge.bed").write_text("chr1\t1000\t1200\ta\t1\nchr1\t3000\t3200\tb\t1e39\n")
    (tmp_path / "twice.fa").write_text(genome.read_text() + ">chr1\nACGT\n")
    whole = ["--fasta", genome, "--regions", regions]
    three = ["--fasta", genome, "--regions", tmp_path / "three.bed"]
    genes = ["--fasta", genome, "--gtf", tmp_path / "genes.gtf", "--window", 100]
    cases = [
        (["--fasta", tmp_path / "twice.fa", "--regions", regions], 3, "contig chr1 more than once"),
        ([*whole, "--label-column", "score"], 3, "no score"),
        ([*three, "--label-column", "score"], 3, "column 5"),
        ([*three, "--label-column", "name"], 3, "column 4"),
        ([*genes, "--label-column", "score"], 2, "--label-column with --gtf"),
        (["--fasta", genome, "--regions", tmp_path / "huge.bed", "--label-column", "score"], 3, "'1e39'"),
        ([*whole, "--gtf", regions], 2, "--gtf"),
        (["--fasta", genome, "--gtf", regions], 2, "--window"),
        ([*whole, "--bin-size", 10], 2, "--signal"),
        ([*whole, "--signal", track[0], "--bin-size", 7], 2, "bins of 7"),
        ([*whole, "--signal", track[0], "--target-window", 100], 2, "--bin-size"),
        ([*whole, "--negatives-from", regions], 2, "--negatives"),
        ([*whole, "--samples", regions], 2, "--variants"),
        (["--one-hot", tmp_path / "one.h5"], 3, "HDF5"),
        (["--one-hot", tmp_path / "two.h5"], 3, "one 1 and three 0"),
        (["--one-hot", tmp_path / "two.h5", "--fasta", genome], 2, "--one-hot"),
        ([*whole, "--blacklist", regions], 3, "overlaps every window"),
        ([*whole, "--negatives", "gc-matched", "--negatives-from", far], 3, "contigs in use"),
        ([*whole, "--blacklist", far], 3, "contigs in use"),
        (["--fasta", lower, "--regions", regions, "--negatives", "gc-repeat-matched"], 3, "soft-masked"),
        ([*whole, "--variants", unphased], 3, "chr1:1021"),
        ([*whole, "--variants", wrong], 3, "chr1:1021"),
        ([*whole, "--variants", plain], 3, "bgzip"),
    ]
    for words, code, mention in cases:
        assert_bad_input(
            run_cli("encode", "sequences", *words, "--out", tmp_path / "out" / "s"), mention, folder=tmp_path / "out", exit_code=code
        )


def test_even_windows__the_start_has_the_same_index_on_both_strands(genome: Path, tmp_path: Path) -> None:
    (tmp_path / "r.bed").write_text("chr1\t5000\t5001\tplus\t0\t+\nchr1\t7000\t7001\tminus\t0\t-\nchr1\t9000\t9002\ttwo\t0\t-\n")
    found = encode(
        tmp_path, "--fasta", genome, "--regions", tmp_path / "r.bed", "--window", 20, "--stranded", "--test-share", 0, "--valid-share", 0
    )
    codes = text(found["codes"])
    one = GENOME["chr1"]
    assert codes == [one[4990:5010], complement(one[6991:7011]), complement(one[8991:9011])]
    assert (codes[0][10], codes[1][10]) == (one[5000], complement(one[7000]))
    assert found["start"].tolist() == [4990, 6991, 8991]


@pytest.mark.parametrize("size", [20, 21])
@pytest.mark.parametrize("at", range(-3, 4))
@pytest.mark.parametrize("kind", ["insertion", "deletion"])
def test_personal__a_strand_is_the_mirror_of_the_other(size: int, at: int, kind: str, tmp_path: Path) -> None:
    """An allele near the middle gives the same sequence in a genome and in its reverse complement."""
    letters, site, length = GENOME["chr1"][:2000], 1000 + at, 3
    edited = {}
    for strand, contig in (("+", letters), ("-", complement(letters))):
        (tmp_path / f"{strand}.fa").write_text(f">chr1\n{contig}\n")
        start = site if strand == "+" else len(letters) - site - (length if kind == "deletion" else 0)
        edit = Edit(start, start, codes_of("ACC" if strand == "+" else "GGT"))
        if kind == "deletion":
            edit = Edit(start, start + length, codes_of(""))
        first = 1000 - size // 2 if strand == "+" else len(letters) - (1000 - size // 2 + size)
        window = Window("chr1", first, first + size, backward=strand == "-")
        with Genome(tmp_path / f"{strand}.fa") as opened:
            codes = apply_edits(opened, window, [edit], Counter())
        edited[strand] = alphabet.decode(codes) if strand == "+" else complement(alphabet.decode(codes))
    assert edited["+"] == edited["-"]
    crosses = kind == "deletion" and site < 1000 < site + length
    changed = edited["+"] != letters[1000 - size // 2 : 1000 - size // 2 + size]
    assert changed != crosses
    if kind == "insertion":
        assert edited["+"][size // 2] == letters[1000] or at > 0


def test_negatives__share_no_base_with_the_positives_windows(genome: Path, tmp_path: Path) -> None:
    regions = write_regions(tmp_path / "r.bed", {"chr1": list(range(2000, 28_000, 2500))}, width=50)
    found = encode(tmp_path, "--fasta", genome, "--regions", regions, "--window", 1000, "--negatives", "gc-matched")
    positive = found["target"][:, 0] == 1
    assert positive.sum() == 11
    assert (~positive).any()
    overlap = (found["start"][~positive, None] < found["end"][positive]) & (found["end"][~positive, None] > found["start"][positive])
    assert not overlap.any()


def test_log1p_of_a_log_ratio__is_refused(genome: Path, tmp_path: Path) -> None:
    track = tmp_path / "ratio.bw"
    values = [("chr1", 1000, 1100, 0.5), ("chr1", 3000, 3100, -1.5)]
    pybigtools.open(str(track), "w").write(LENGTHS, iter(values))
    regions = write_regions(tmp_path / "r.bed", {"chr1": [1000, 3000]}, width=100)
    words = ["encode", "sequences", "--fasta", genome, "--regions", regions, "--signal", track, "--out", tmp_path / "out" / "x"]
    result = run_cli(*words, "--signal-transform", "log1p")
    assert_bad_input(result, "-1.5", "window 3000-3100", "ratio.bw", folder=tmp_path / "out", exit_code=3)
    # one bin below -1 in a window whose mean is above
    wide = write_regions(tmp_path / "w.bed", {"chr1": [2800]}, width=400)
    result = run_cli(*words[:5], wide, *words[6:], "--signal-transform", "log1p", "--bin-size", 100)
    assert_bad_input(result, "-1.5", "window 2800-3200", folder=tmp_path / "out", exit_code=3)


@pytest.mark.parametrize(("value", "words"), [(np.inf, []), (-np.inf, ["--bin-size", 100]), (3e38, ["--signal-statistic", "sum"])])
def test_signal_without_a_finite_number__is_refused(value: float, words: list, genome: Path, tmp_path: Path) -> None:
    track = tmp_path / "broken.bw"
    values = [("chr1", 1000, 1100, 0.5), ("chr1", 3000, 3050, 1.0), ("chr1", 3050, 3060, value)]
    pybigtools.open(str(track), "w").write(LENGTHS, iter(values))
    regions = write_regions(tmp_path / "r.bed", {"chr1": [1000, 3000]}, width=100)
    result = run_cli(
        "encode", "sequences", "--fasta", genome, "--regions", regions, "--signal", track, *words, "--out", tmp_path / "out" / "x"
    )
    place = "window 3000-3100" if np.isfinite(value) else "base 3051"
    assert_bad_input(result, "inf", "broken.bw", "chr1", place, folder=tmp_path / "out")
    assert "RuntimeWarning" not in result.stderr


def test_signal__of_another_build_is_refused(genome: Path, tmp_path: Path) -> None:
    track = tmp_path / "old.bw"
    pybigtools.open(str(track), "w").write({**LENGTHS, "chr2": 20_100}, iter([("chr1", 1000, 1100, 0.5), ("chr2", 0, 100, 0.5)]))
    regions = write_regions(tmp_path / "r.bed", {"chr1": [1000, 3000], "chr2": [50]})
    words = ["encode", "sequences", "--fasta", genome, "--signal", track]
    result = run_cli(*words, "--regions", regions, "--out", tmp_path / "out" / "x")
    assert_bad_input(result, "chr2 of 20100 bases", "20000", "old.bw", folder=tmp_path / "out")
    run_ok(*words, "--regions", write_regions(regions, {"chr1": [1000, 3000]}), "--out", tmp_path / "out" / "x")


def checks_of(folder: Path) -> dict[str, Check]:
    return {check.name: check for check in read_card(folder / "s.encode_sequences.card.json").checks}


@pytest.mark.parametrize(("names", "count", "verdict"), [(["both"], 0, Verdict.OK), (["both", "one"], 3, Verdict.CAUTION)])
def test_signal__windows_on_contigs_without_any_are_counted(
    names: list[str], count: int, verdict: Verdict, genome: Path, tmp_path: Path
) -> None:
    words = ["--fasta", genome, "--regions", write_regions(tmp_path / "r.bed", {"chr1": [1000], "chr2": [0, 40, 70]})]
    for name, there in (("one", ["chr1"]), ("both", ["chr1", "chr2"])):
        values = ((contig, 0, 2000, 0.5) for contig in there)
        pybigtools.open(str(tmp_path / f"{name}.bw"), "w").write({contig: LENGTHS[contig] for contig in there}, values)
    for name in names:
        words += ["--signal", tmp_path / f"{name}.bw"]
    found = encode(tmp_path, *words)
    check = checks_of(tmp_path)["windows on contigs that a signal track lacks"]
    assert (check.value, check.verdict) == (count, verdict)
    assert (found["target"] == 0).sum() == count


def test_sequences_of_both_classes__are_counted(tmp_path: Path) -> None:
    letters = [bases(number, 40) for number in range(60)]
    (tmp_path / "yes.fa").write_text("".join(f">y{row}\n{text}\n" for row, text in enumerate(letters[:40])))
    others = [letters[0], complement(letters[1]), letters[1], *letters[40:]]
    for negatives, count, verdict in ((letters[40:], 0, Verdict.OK), (others, 5, Verdict.CAUTION), (letters[:40], 80, Verdict.CAUTION)):
        (tmp_path / "no.fa").write_text("".join(f">n{row}\n{text}\n" for row, text in enumerate(negatives)))
        encode(tmp_path, "--positive", tmp_path / "yes.fa", "--negative", tmp_path / "no.fa")
        check = checks_of(tmp_path)["sequences that have both labels"]
        assert (check.value, check.verdict) == (count, verdict)


def test_ten_columns__are_narrow_peak_or_bed(genome: Path, tmp_path: Path) -> None:
    (tmp_path / "r.bed").write_text(
        "chr1\t1000\t1400\ta\t0\t.\t7.5\t3\t2\t50\n"  # narrowPeak: summit 1050
        "chr1\t3000\t3400\tb\t0\t.\t3000\t3400\t0\t1\n"  # BED with thick parts and blocks
        "chr1\t5000\t5400\tc\t0\t.\t5100\t5100\t255,0,0\t2\n"
        "chr1\t7000\t7400\td\t0\t.\t7\t3\t2\t-1\n"  # no summit
    )
    found = encode(tmp_path, "--fasta", genome, "--regions", tmp_path / "r.bed", "--window", 100)
    assert dict(zip(found["id"], found["start"].tolist(), strict=True)) == {"a": 1000, "b": 3150, "c": 5150, "d": 7150}


def test_phase_sets__are_not_joined_in_one_sequence(tmp_path: Path) -> None:
    """The set of the call nearest to the middle is inserted; the allele of the other set stays as the reference."""
    (tmp_path / "g.fa").write_text(f">chr1\n{'A' * 300}\n")
    head = '##fileformat=VCFv4.2\n##contig=<ID=chr1,length=300>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    head += '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="p">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n'
    rows = [("101", "G", "0|1:101\t0|1:101"), ("111", "T", "0|1:111\t0|1:101"), ("121", "C", "1|1:7\t0|0:101")]
    (tmp_path / "p.vcf").write_text(head + "".join(f"chr1\t{at}\t.\tA\t{alt}\t.\t.\t.\tGT:PS\t{calls}\n" for at, alt, calls in rows))
    pysam.tabix_compress(str(tmp_path / "p.vcf"), str(tmp_path / "p.vcf.gz"))
    (tmp_path / "r.bed").write_text("chr1\t80\t140\tr1\n")
    words = (
        "--fasta",
        tmp_path / "g.fa",
        "--regions",
        tmp_path / "r.bed",
        "--variants",
        tmp_path / "p.vcf.gz",
        "--test-share",
        0,
        "--valid-share",
        0,
    )
    refused = run_cli("encode", "sequences", *words, "--out", tmp_path / "out" / "s")
    assert_bad_input(refused, "phase sets of A", "chr1:101", "--phase-sets break", folder=tmp_path / "out")
    found = encode(tmp_path, *words, "--phase-sets", "break")
    carried = [[name[at] for at in (20, 30, 40)] for name in text(found["codes"])]
    assert dict(zip(found["id"].tolist(), carried, strict=True)) == {
        "r1|A|1": ["A", "A", "C"],
        "r1|A|2": ["A", "T", "C"],
        "r1|B|1": ["A", "A", "A"],
        "r1|B|2": ["G", "T", "A"],
    }
    card = {check.name: check for check in read_card(tmp_path / "s.encode_sequences.card.json").checks}
    assert card["windows with several phase sets of a sample"].value == 1
    assert "of another phase set than the window's middle, taken as reference\t2" in (tmp_path / "s.sequences.qc.tsv").read_text()
