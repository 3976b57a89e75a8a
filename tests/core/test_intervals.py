"""BED and GTF files: the parser of whole blocks and the reader of single lines agree, on good rows and on bad ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from lucidseq.core import intervals, text_blocks
from lucidseq.core.errors import DataError
from lucidseq.core.gtf import Gene, read_genes
from lucidseq.core.intervals import MOST_BASES, Intervals, read_bed
from lucidseq.encode.gene_models import read_gene_models, read_starts
from mutation import TRANSLATED, mutate

NARROW_PEAK = "".join(
    f"chr{row % 3}\t{50 * row}\t{50 * row + 40}\tpeak{row}\t{row}\t.\t{row}.5\t3.1\t2.2\t{row % 40}\n" for row in range(30)
)
BED10 = "c\t10\t50\ta\t5\t+\t12\t40\t0\t3\nc\t10\t50\t.\t5\t+\t12.5\t40\t0\t3\nc\t10\t50\tb\t5\t-\t12\t40\t255,0,0\t7\n"
FILES = {
    "three": "chr1\t0\t9\nchr2\t5\t7\n",
    "six": "chr1\t0\t9\ta\t1\t+\nchr1\t3\t9\t.\tx\t-\nchr1\t3\t9\t\t\t.\n",
    "peaks": NARROW_PEAK,
    "ten fields": BED10,
    "widths differ": "c\t1\t5\nc\t1\t5\tn\nc\t1\t5\tn\t8\t+\n",
    "comments": "track name=x\nbrowser position\n#c\nc\t1\t5\n\n# more\nc\t2\t6\n",
    "spaces": "#c\nc 1  5 n\nd 2 6 m\n",
    "letters": "chrÄ\t1\t5\tünï\nc\t2\t6\tname of words \n",
}
GENES = 'c\tx\tgene\t11\t90\t.\t+\t.\tgene_id "A"; gene_name "a";\nc\tx\ttranscript\t11\t60\t.\t+\t.\tgene_id "A"; transcript_id "t";\n'


def line_by_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> Intervals:
    with monkeypatch.context() as patched:
        patched.setattr(intervals, "_read_table", lambda _: None)
        return read_bed(path)


def outcome(read: object) -> object:
    try:
        found = read()  # type: ignore[operator]
    except TRANSLATED as error:
        return str(error)
    columns = (found.contig, found.start, found.end, found.labels(), found.strand, found.score, found.summit)
    return [column.tolist() for column in columns]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("block", [1 << 22, 40])
def test_bed__blocks_and_lines_agree(name: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, random = tmp_path / "x.bed", np.random.default_rng(len(name))
    monkeypatch.setattr(text_blocks, "BLOCK", block)
    data = FILES[name].encode()
    for round_number in range(60):
        path.write_bytes(mutate(data, random) if round_number else data)
        expected = outcome(lambda: line_by_line(path, monkeypatch))
        assert outcome(lambda: read_bed(path)) == expected


def test_bed__forms_of_one_file_read_alike(tmp_path: Path) -> None:
    data = FILES["six"].encode()
    forms = {"plain": data, "mark": b"\xef\xbb\xbf" + data, "windows": data.replace(b"\n", b"\r\n"), "old": data.replace(b"\n", b"\r")}
    forms |= {"gzip": gzip.compress(data), "no end": data[:-1]}
    found = []
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
        found.append(outcome(lambda name=name: read_bed(tmp_path / name)))
    assert all(item == found[0] for item in found)


def test_bed__summits_are_narrow_peaks_alone(tmp_path: Path) -> None:
    (tmp_path / "x.bed").write_text(BED10)
    (tmp_path / "y.bed").write_text(NARROW_PEAK)
    assert read_bed(tmp_path / "x.bed").summit.tolist() == [-1, 3, -1]
    assert read_bed(tmp_path / "y.bed").summit.tolist() == [row % 40 for row in range(30)]


def test_bed__the_first_bad_row_of_many_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK", 100)
    lines = [f"chr1\t{row}\t{row + 5}" for row in range(50)]
    for bad, message in (
        ("chr1\t+5\t9", "tabs"),
        (f"chr1\t5\t{MOST_BASES + 1}", "position on a chromosome"),
        ("chr1\t 5\t9", "tabs"),
        (f"chr1\t5\t{'9' * 5000}", "tabs"),
    ):
        (tmp_path / "x.bed").write_text("\n".join(["#head", *lines[:30], bad, *lines[30:], "chr1\t9\t3"]) + "\n")
        with pytest.raises(DataError, match=message) as caught:
            read_bed(tmp_path / "x.bed")
        assert "line 32" in str(caught.value)


def test_intervals__names_and_scores_are_required_by_row(tmp_path: Path) -> None:
    (tmp_path / "x.bed").write_text(FILES["six"])
    found = read_bed(tmp_path / "x.bed")
    assert found.labels().tolist() == ["a", "chr1:3-9", "chr1:3-9"]
    with pytest.raises(DataError, match="no name for chr1:3-9"):
        found.require_names(tmp_path / "x.bed")
    with pytest.raises(DataError, match="score = 'x'"):
        found.scores(tmp_path / "x.bed")
    with pytest.raises(DataError, match="no score"):
        Intervals.of("c", [1], [2]).scores(tmp_path / "x.bed")
    assert found.take(slice(0, 1)).scores(tmp_path / "x.bed").tolist() == [1.0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('c\tx\texon\t0\t5\t.\t+\t.\tgene_id "A";', "from 1"),
        ('c\tx\texon\t9\t5\t.\t+\t.\tgene_id "A";', "start <= end"),
        (f'c\tx\texon\t9\t{MOST_BASES + 1}\t.\t+\t.\tgene_id "A";', "start <= end"),
        ('c\tx\texon\t9\t9\t.\t*\t.\tgene_id "A";', "strand"),
        ('c\tx\texon\t9\t9\t.\t+\t.\tgene "A";', "gene_id"),
        ('c\tx\texon\t9\t9\t.\t+\t.\tgene_id "";', "gene_id"),
        ("c\tx\texon\t9\t9\t.\t+", "nine columns"),
    ],
)
def test_gtf__every_reader_refuses_the_same_rows_with_their_line(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.gtf").write_text(f"#!build\n{GENES}# note\n{line}\n")
    for read in (read_genes, read_gene_models, read_starts):
        with pytest.raises(DataError, match=message) as caught:
            read(tmp_path / "x.gtf")
        assert "line 5" in str(caught.value)


def test_gtf__odd_but_whole_rows_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = f'c\tx\tgene\t{5:030d}\t9\t.\t-\t.\tgene_biotype "x"; gene_id "B"; tag "ü";\tmore\n'
    (tmp_path / "x.gtf").write_text(GENES + other)
    expected = [Gene("B", "B", "c", 4, 9, "-"), Gene("A", "a", "c", 10, 90, "+")]
    for block in (1 << 22, 50):
        monkeypatch.setattr(text_blocks, "BLOCK", block)
        assert read_genes(tmp_path / "x.gtf") == expected
        assert read_starts(tmp_path / "x.gtf").start.tolist() == [10]
        assert read_gene_models(tmp_path / "x.gtf").genes.name.tolist() == ["a", "B"]


@pytest.mark.parametrize("block", [1 << 22, 60])
def test_gtf__damaged_files_give_rows_or_an_error(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_blocks, "BLOCK", block)
    path, random, refused = tmp_path / "x.gtf", np.random.default_rng(block), 0
    for _ in range(150):
        path.write_bytes(mutate(GENES.encode(), random))
        for read in (read_genes, read_gene_models, read_starts):
            try:
                assert len(read(path)) if read is not read_gene_models else read(path).genes  # type: ignore[arg-type]
            except TRANSLATED:
                refused += 1
    assert 0 < refused < 450


def test_by_contig__gives_every_row_once_and_nothing_of_no_rows() -> None:
    rows = Intervals.of(["b", "a", "b"], [0, 0, 5], [1, 1, 6])
    assert [(contig, numbers.tolist()) for contig, numbers in rows.by_contig()] == [("b", [0, 2]), ("a", [1])]
    assert list(rows.take(np.zeros(0, dtype=int)).by_contig()) == []
