"""`encode sequences`: sources, targets, negatives, splits, and what is refused."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pytest

from lucidseq.core import alphabet
from lucidseq.core.card import Check, Verdict, read_card
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import Intervals
from lucidseq.core.schema import SEQUENCES
from lucidseq.core.stores import open_store, read_list, read_text
from lucidseq.encode.sequences.choices import SignalStatistic
from lucidseq.encode.sequences.fasta_records import parse_coordinates
from lucidseq.encode.sequences.genome_windows import cut_windows, read_signal
from lucidseq.encode.sequences.negatives import NegativeRule, draw_negatives
from lucidseq.encode.sequences.sequence_rows import gc_share, identity
from support import assert_bad_input, run_cli, run_ok


class Dataset:
    """What a dataset file holds, in memory."""

    def __init__(self, path: Path) -> None:
        with open_store(path, SEQUENCES) as store:
            self.text = [alphabet.decode(codes) for codes in store["codes"][()]]
            self.contig, self.id, self.strand = (read_text(store[name]).tolist() for name in ("contig", "id", "strand"))
            self.start, self.end, self.split = (store[name][()] for name in ("start", "end", "split"))
            self.target = store["target"][()] if "target" in store else None
            self.task, self.target_names = str(store.attrs["task"]), read_list(store, "target_names")


def encode(folder: Path, *words: object) -> Dataset:
    run_ok("encode", "sequences", "--out", folder / "out" / "s", *words)
    return Dataset(folder / "out" / "s.sequences.h5")


def random_text(seed: int, length: int, gc: float = 0.5) -> str:
    rng = np.random.default_rng(seed)
    return "".join(rng.choice(list("ACGT"), length, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))


CONTIGS = {"chr1": random_text(1, 20_000, 0.4), "chr2": random_text(2, 12_000, 0.6), "chr3": random_text(3, 8_000)}


def wrap(text: str) -> str:
    return "\n".join(text[at : at + 70] for at in range(0, len(text), 70))


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name} comment\n{wrap(text)}\n" for name, text in CONTIGS.items()))
    return path


@pytest.fixture
def regions(tmp_path: Path) -> Path:
    rng = np.random.default_rng(4)
    rows = []
    for contig, text in CONTIGS.items():
        for start in np.sort(rng.choice(np.arange(100, len(text) - 400, 150), 25, replace=False)):
            rows.append(f"{contig}\t{start}\t{start + 100}\tpeak{len(rows)}\t{len(rows) * 10}\t{'+-'[len(rows) % 2]}")
    path = tmp_path / "regions.bed"
    path.write_text("\n".join(rows) + "\n")
    return path


def write_fasta(path: Path, records: dict[str, str]) -> Path:
    path.write_text("".join(f">{name}\n{text}\n" for name, text in records.items()))
    return path


def complement(text: str) -> str:
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))


def test_real_classes__contigs_from_headers(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "sequences"
    found = encode(tmp_path, "--positive", folder / "ctcf.fa.gz", "--negative", folder / "pu1.fa.gz", "--test-contigs", "chr8,chr9")
    assert len(found.text) == 39_184 + 28_677
    assert found.task == "binary"
    assert found.target[:, 0].sum() == 39_184
    test = found.split == 2
    assert set(np.array(found.contig)[test]) == {"chr8", "chr9"}
    assert test.sum() == 5500
    assert abs((found.split == 1).sum() / (~test).sum() - 0.1) < 0.01
    assert found.text[0] == "GGGCTGTTGGGTGTGAACAGCCCAGGGTGCAGTTGCCACCAAAGGACACTAGGTGGAGCCACAACCTACCCCCAGACCCAGGAGAAGTTCCAGGTTGGGG"
    assert (found.contig[0], found.start[0], found.end[0]) == ("chr1", 17036408, 17036508)
    assert len(set(found.id)) == len(found.id)
    assert not set(np.array(found.text)[test]) & set(np.array(found.text)[~test])


def test_regions__windows_are_the_genomes(genome: Path, regions: Path, tmp_path: Path) -> None:
    found = encode(
        tmp_path,
        "--fasta",
        genome,
        "--regions",
        regions,
        "--window",
        60,
        "--test-contigs",
        "chr3",
        "--valid-contigs",
        "chr2",
        "--label-column",
        "score",
    )
    table = pd.read_csv(regions, sep="\t", header=None)
    assert found.id == table[3].tolist()
    assert found.start.tolist() == ((table[1] + table[2]) // 2 - 30).tolist()
    assert found.text == [CONTIGS[contig][start : start + 60] for contig, start in zip(found.contig, found.start, strict=True)]
    assert set(found.strand) == {"."}
    assert found.task == "regression"
    assert found.target[:, 0].tolist() == table[4].tolist()
    assert [{"chr1": 0, "chr2": 1, "chr3": 2}[contig] for contig in found.contig] == found.split.tolist()


def test_regions__stranded_and_at_the_ends(genome: Path, tmp_path: Path) -> None:
    bed = tmp_path / "r.bed"
    bed.write_text("chr1\t500\t600\ta\t0\t-\nchr1\t500\t600\tb\t0\t+\nchr1\t0\t20\tc\nchr3\t7990\t8000\td\n")
    found = encode(tmp_path, "--fasta", genome, "--regions", bed, "--window", 100, "--stranded", "--max-n-share", 1)
    inside = CONTIGS["chr1"][500:600]
    assert found.text[:2] == [complement(inside), inside]
    assert found.text[2] == "N" * 40 + CONTIGS["chr1"][:60]
    assert found.text[3] == CONTIGS["chr3"][7945:] + "N" * 45
    assert found.target is None
    strict = encode(tmp_path / "strict", "--fasta", genome, "--regions", bed, "--window", 100, "--stranded", "--max-n-share", 0)
    assert strict.text == found.text  # padding is no unknown base
    assert checks_of(tmp_path / "strict")["share of padding"].value == (40 + 45) / 400
    assert checks_of(tmp_path / "strict")["share of N"].value == 0


def checks_of(folder: Path) -> dict[str, Check]:
    return {check.name: check for check in read_card(folder / "out" / "s.encode_sequences.card.json").checks}


@pytest.mark.parametrize("window", [60, None])
def test_regions__that_run_past_the_end_are_clipped_or_removed(genome: Path, tmp_path: Path, window: int | None) -> None:
    """chr3 has 8,000 bases; regions without a window must keep their length."""
    bed = tmp_path / "r.narrowPeak"
    rows = [("chr1", 500, 600, "a", 30), ("chr3", 7940, 8040, "b", 59), ("chr3", 7950, 8050, "c", 90), ("chr1", 700, 800, "d", 40)]
    bed.write_text("".join(f"{contig}\t{start}\t{end}\t{name}\t0\t.\t5\t3\t2\t{summit}\n" for contig, start, end, name, summit in rows))
    found = encode(tmp_path, "--fasta", genome, "--regions", bed, *(("--window", window) if window else ()))
    checks = checks_of(tmp_path)
    if window:
        assert found.id == ["a", "b", "c", "d"]
        assert found.start.tolist() == [500, 7969, 7969, 710]  # the summit of c is beyond the contig: its last base is taken
        assert checks["clipped at the contig's end"].value == 0.5
    else:
        assert found.id == ["a", "d"]
        removed = checks["removed: runs past the contig's end"]
        assert (removed.value, removed.verdict) == (0.5, Verdict.CAUTION)


def test_removed_sequences__are_a_share_of_the_input_by_reason(genome: Path, tmp_path: Path) -> None:
    text = CONTIGS["chr1"]
    bases = {"known": text[:40], "half": text[:20] + "N" * 20, "short": text[:8], "some": text[:37] + "NNN"}
    (tmp_path / "s.fa").write_text("".join(f">{name}\n{sequence}\n" for name, sequence in bases.items()))
    found = encode(tmp_path, "--fasta", tmp_path / "s.fa", "--window", 40)
    assert found.id == ["known", "short", "some"]
    removed = checks_of(tmp_path)["removed: share of N"]
    assert (removed.value, removed.verdict) == (0.25, Verdict.CAUTION)
    assert "raise --max-n-share" in removed.advice


def test_regions__narrow_peak_summit(genome: Path, tmp_path: Path) -> None:
    bed = tmp_path / "r.narrowPeak"
    bed.write_text("chr1\t500\t700\ta\t0\t.\t5\t3\t2\t150\nchr1\t900\t1000\tb\t0\t.\t5\t3\t2\t-1\n")
    assert encode(tmp_path, "--fasta", genome, "--regions", bed, "--window", 40).start.tolist() == [630, 930]


def test_labels__names_as_classes(genome: Path, tmp_path: Path) -> None:
    bed = tmp_path / "r.bed"
    bed.write_text("".join(f"chr1\t{100 * row}\t{100 * row + 50}\t{'liver' if row % 3 else 'brain'}\n" for row in range(1, 61)))
    found = encode(tmp_path, "--fasta", genome, "--regions", bed, "--label-column", "name")
    assert found.target_names == ["brain", "liver"]
    assert found.target.sum(axis=0).tolist() == [20, 40]
    assert (found.target.sum(axis=1) == 1).all()
    assert len(set(found.id)) == 60


def test_signal__matches_the_track(genome: Path, regions: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    values = {contig: np.round(rng.gamma(1, 2, len(text)), 3) * (rng.random(len(text)) < 0.7) for contig, text in CONTIGS.items()}
    for name, factor in (("one", 1.0), ("two", 2.0)):
        rows = (
            (contig, at, at + 1, float(value) * factor) for contig in sorted(values) for at, value in enumerate(values[contig]) if value > 0
        )
        track = {contig: len(text) for contig, text in sorted(CONTIGS.items())}
        pybigtools.open(str(tmp_path / f"{name}.bw"), "w").write(track, rows)
    words = ("--fasta", genome, "--regions", regions, "--signal", tmp_path / "one.bw", "--signal", tmp_path / "two.bw")
    found = encode(tmp_path, *words)
    expected = np.array([values[contig][start:end].mean() for contig, start, end in zip(found.contig, found.start, found.end, strict=True)])
    assert found.target_names == ["one", "two"]
    assert np.allclose(found.target, np.stack([expected, 2 * expected], axis=1), rtol=1e-5)
    assert found.task == "regression"
    summed = encode(tmp_path / "b", *words, "--signal-statistic", "sum", "--signal-transform", "log1p", "--task", "counts")
    assert np.allclose(summed.target[:, 0], np.log1p(100 * expected), rtol=1e-5)
    assert summed.task == "counts"
    with Genome(genome) as opened:
        edge = cut_windows(opened, Intervals.of("chr1", [0], [10], "a"), regions, window=50, stranded=False)
    assert np.isclose(read_signal(tmp_path / "one.bw", edge, SignalStatistic.MAX)[0], values["chr1"][:30].max(), rtol=1e-6)


def test_negatives__match_in_gc_and_overlap_nothing(genome: Path, regions: Path, tmp_path: Path) -> None:
    found = encode(tmp_path, "--fasta", genome, "--regions", regions, "--negatives", "gc-matched", "--test-contigs", "chr3")
    positive = found.target[:, 0] == 1
    assert (found.task, found.target_names) == ("binary", ["label"])
    assert positive.sum() == 75
    assert (~positive).sum() >= 70
    taken: dict[str, list[tuple[int, int]]] = {}
    for contig, start, end in zip(found.contig, found.start, found.end, strict=True):
        taken.setdefault(contig, []).append((start, end))
    for places in taken.values():
        places.sort()
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(places))
    codes = np.array([alphabet.encode(text) for text in found.text])
    gc = gc_share(codes)
    assert abs(gc[positive].mean() - gc[~positive].mean()) < 0.01
    for contig in CONTIGS:
        rows = np.array(found.contig) == contig
        assert abs(positive[rows].mean() - 0.5) < 0.06
    assert any(
        check.name.startswith("GC share") and check.verdict == "ok"
        for check in read_card(tmp_path / "out" / "s.encode_sequences.card.json").checks
    )


def test_negatives__a_contigs_draw_does_not_depend_on_the_others(genome: Path, regions: Path) -> None:
    start = 1000 + 300 * np.arange(10)
    bed = Intervals.of("chr1", start, start + 100, [f"a{row}" for row in range(10)])
    more = Intervals.join([bed, Intervals.of("chr2", start, start + 100, [f"b{row}" for row in range(10)])])

    def draw(some: Intervals, seed: int) -> list[str]:
        with Genome(genome) as opened:
            rows = cut_windows(opened, some, regions, window=None, stranded=False)
            found = draw_negatives(opened, rows, some, NegativeRule(2, 0, match_repeats=False, pool=None, seed=seed))
        return [name for name, contig in zip(found.id, found.contig, strict=True) if contig == "chr1"]

    assert draw(bed, 1) == draw(more, 1)
    assert draw(bed, 1) != draw(bed, 2)
    assert len(draw(bed, 1)) == 20


def test_records__labels_and_their_splits(tmp_path: Path) -> None:
    records = {f"s{row}": random_text(row, 50) for row in range(30)}
    fasta = write_fasta(tmp_path / "x.fa", records)
    labels = tmp_path / "l.tsv"
    splits = [("train", "valid", "test")[row % 3] for row in range(30)]
    labels.write_text("id\tone\tsplit\ttwo\n" + "".join(f"s{row}\t{row % 2}\t{splits[row]}\t{row}\n" for row in reversed(range(30))))
    found = encode(tmp_path, "--fasta", fasta, "--labels", labels)
    assert found.id == list(records)
    assert found.text == list(records.values())
    assert found.target_names == ["one", "two"]
    assert found.target.tolist() == [[row % 2, row] for row in range(30)]
    assert found.split.tolist() == [row % 3 for row in range(30)]
    assert set(found.contig) == {""}


def test_simulated_code__is_read(tmp_path: Path) -> None:
    run_ok("simulate", "sequences", "--positives", 30, "--negatives", 30, "--out", tmp_path / "code")
    found = encode(tmp_path, "--fasta", tmp_path / "code.fa", "--labels", tmp_path / "code.labels.tsv")
    assert found.target_names == ["label"]
    assert found.target[:, 0].tolist() == [float(name.startswith("pos")) for name in found.id]
    assert set(found.split.tolist()) == {0, 1, 2}


def test_records__window_crops_and_pads_around_the_middle(tmp_path: Path) -> None:
    text = random_text(1, 90)
    records = {"a|chr1:100-190": text, "b": text[:50], "c|chr1:100-190(-)": text, "d|chr2:101-190": text, "e|chr2:7-9": text}
    found = encode(tmp_path, "--fasta", write_fasta(tmp_path / "x.fa", records), "--window", 60, "--max-n-share", 0.5, "--test-share", 0)
    assert found.text[0] == text[15:75]
    assert found.text[1] == "N" * 5 + text[:50] + "N" * 5
    assert found.contig == ["chr1", "", "chr1", "chr2", ""]
    assert found.start.tolist() == [115, -5, 115, 115, 15]
    assert found.strand == [".", ".", "-", ".", "."]
    with pytest.raises(AssertionError, match="sequences of one length"):
        encode(tmp_path / "b", "--fasta", tmp_path / "x.fa")


def test_coordinates__both_habits() -> None:
    assert parse_coordinates("chr1:100-200", 100) == ("chr1", 100, 200, ".")
    assert parse_coordinates("chr1:101-200", 100) == ("chr1", 100, 200, ".")
    assert parse_coordinates("x|y|scaffold_1:0-10(+)", 10) == ("scaffold_1", 0, 10, "+")
    assert parse_coordinates("peak 1::chr1:100-200(-)", 100) == ("chr1", 100, 200, "-")
    assert parse_coordinates("chr1:100-201", 100) == ("", 0, 100, ".")


def test_splits__equal_sequences_stay_together(tmp_path: Path) -> None:
    unique = [random_text(row, 40) for row in range(100)]
    records = {f"s{row}": text for row, text in enumerate(unique)}
    records |= {f"again{row}": complement(text) for row, text in enumerate(unique)}
    found = encode(tmp_path, "--fasta", write_fasta(tmp_path / "x.fa", records), "--test-share", 0.2, "--valid-share", 0.25)
    assert found.split[:100].tolist() == found.split[100:].tolist()
    assert np.bincount(found.split[:100]).tolist() == [60, 20, 20]
    other = encode(tmp_path / "b", "--fasta", tmp_path / "x.fa", "--test-share", 0.2, "--seed", 2)
    assert other.split.tolist() != found.split.tolist()


def test_identity__either_strand() -> None:
    codes = np.array([alphabet.encode(text) for text in ("AACG", "CGTT", "AACC", "AACG")])
    assert identity(codes).tolist() == [0, 0, 1, 0]


def test_duplicates_between_splits__are_counted(tmp_path: Path) -> None:
    text = random_text(1, 40)
    records = {
        "a|chr1:0-40": text,
        "b|chr2:0-40": complement(text),
        "c|chr1:50-90": random_text(2, 40),
        "d|chr1:90-130": random_text(3, 40),
    }
    encode(tmp_path, "--fasta", write_fasta(tmp_path / "x.fa", records), "--test-contigs", "chr2", "--valid-share", 0)
    checks = {check.name: check for check in read_card(tmp_path / "out" / "s.encode_sequences.card.json").checks}
    assert checks["sequences also found in another split"].value == 1
    assert checks["sequences also found in another split"].verdict == "caution"


def test_bad_input(genome: Path, regions: Path, tmp_path: Path) -> None:
    def bad(*words: object, mentions: tuple[str, ...], exit_code: int = 3) -> None:
        (tmp_path / "out").mkdir(exist_ok=True)
        result = run_cli("encode", "sequences", *words, "--out", tmp_path / "out" / "s")
        assert_bad_input(result, *mentions, folder=tmp_path / "out", exit_code=exit_code)

    def file(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    both = ("--fasta", genome, "--regions", regions)
    bad(mentions=("--fasta",), exit_code=2)
    bad("--positive", genome, mentions=("both classes",), exit_code=2)
    bad("--fasta", genome, "--negatives", "gc-matched", mentions=("--regions",), exit_code=2)
    bad("--fasta", genome, "--regions", file("c.bed", "1\t0\t100\n"), mentions=("contig 1", "the FASTA calls it chr1"))
    bad("--fasta", genome, "--regions", file("e.bed", "chr1\t20000\t20100\n"), mentions=("positions up to 20000",))
    bad("--fasta", genome, "--regions", file("s.bed", "chr1\t100\t200\ta\t0\t.\t5\t3\t2\t100\n"), "--window", 40, mentions=("summit",))
    bad("--fasta", genome, "--regions", file("u.bed", "chr1\t0\t100\nchr1\t0\t99\n"), mentions=("--window",))
    bad(
        "--fasta",
        genome,
        "--regions",
        file("s.bed", "chr1\t0\t100\ta\tx\n"),
        "--label-column",
        "score",
        mentions=("score = 'x'", "region a"),
    )
    bad(*both, "--test-contigs", "3", mentions=("contig 3", "the sequences have chr3"))
    bad(*both, "--test-contigs", "chr3", "--valid-contigs", "chr3", mentions=("chr3 in both",))
    bad(*both, "--test-contigs", "chr1,chr2,chr3", mentions=("at least one training sequence",))
    bad(*both, "--signal", genome, mentions=("bigWig",))
    bad("--fasta", file("n.fa", f">a\n{'N' * 50}\n"), mentions=("more than 10% N",))
    bad("--fasta", file("l.fa", ">a\nACGT\nAC!T\n"), mentions=("'!' is not a base", "line 1"))
    bad("--fasta", file("h.fa", "ACGT\n"), mentions=("begins with >", "line 1"))
    bad("--fasta", file("b.fa", ">a\n>b\nACGT\n"), mentions=("no bases in a",))
    one = file("one.fa", ">a\nACGTACGT\n>b\nACGTACGA\n")
    bad("--fasta", one, "--labels", file("a.tsv", "id\ty\na\t1\n"), mentions=("1 sequences", "such as b"))
    bad("--fasta", one, "--labels", file("n.tsv", "id\ty\na\t1\nb\tnan\n"), mentions=("y = 'nan'", "line 3"))
    bad("--fasta", one, "--labels", file("w.tsv", "name\ty\na\t1\n"), mentions=("columns name, y", "line 1"))
    bad("--fasta", one, "--labels", file("t.tsv", "id\ty\tsplit\na\t1\tdev\n"), mentions=("split 'dev'", "line 2"))
    bad("--fasta", one, "--labels", file("k.tsv", "id\ty\na\t1\nb\t2\n"), "--task", "binary", mentions=("a target of 2",))
    cut = tmp_path / "cut.fa.gz"
    cut.write_bytes(gzip.compress(genome.read_bytes())[:-400])
    bad("--fasta", cut, mentions=("ends too early",))
