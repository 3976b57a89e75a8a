"""Tables, stores, BED and FASTA: what is written is read back, and what is wrong is named with its place."""

from __future__ import annotations

import gzip
import logging
import os
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pysam
import pytest

from lucidseq.core import alphabet
from lucidseq.core.card import Card, Verdict, read_card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import read_bed
from lucidseq.core.ld import LdBlock, open_ld, write_ld
from lucidseq.core.options import parse_shard
from lucidseq.core.schema import LOCI, SEQUENCES
from lucidseq.core.seeds import stream
from lucidseq.core.stores import create_store, open_store, read_text, write_array
from lucidseq.core.tables import TableWriter, read_table, write_table


@pytest.fixture
def loci() -> pd.DataFrame:
    return pd.DataFrame({"contig": ["chr1", "NA"], "start": [0, 5], "end": [4, 9], "name": ["a", "nan"], "extra": [0.1, 1e-300]})


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
def test_table_writer__pieces_give_the_bytes_of_the_whole(tmp_path: Path, loci: pd.DataFrame, name: str) -> None:
    whole = pd.concat([loci] * 500, ignore_index=True)
    write_table(whole, tmp_path / name, LOCI)
    (tmp_path / "pieces").mkdir()
    with TableWriter(tmp_path / "pieces" / name, LOCI) as writer:
        for first in range(0, len(whole), 300):
            writer.append(whole.iloc[first : first + 300])
    assert (tmp_path / "pieces" / name).read_bytes() == (tmp_path / name).read_bytes()
    with TableWriter(tmp_path / name, LOCI):
        pass
    assert read_table(tmp_path / name, LOCI).empty


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
def test_table__round_trip_keeps_values_and_text_that_looks_missing(tmp_path: Path, loci: pd.DataFrame, name: str) -> None:
    write_table(loci, tmp_path / name, LOCI)
    pd.testing.assert_frame_equal(read_table(tmp_path / name, LOCI), loci)


def test_table__gzip_bytes_repeat(tmp_path: Path, loci: pd.DataFrame) -> None:
    for name in ("a.tsv.gz", "b.tsv.gz"):
        write_table(loci, tmp_path / name, LOCI)
    assert (tmp_path / "a.tsv.gz").read_bytes() == (tmp_path / "b.tsv.gz").read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contig\tstart\tend\n", "no column name"),
        ("contig\tstart\tend\tname\nchr1\t1\tx\ta\n", "line 2"),
        ("contig\tstart\tend\tname\nchr1\t1\t2\ta\nchr1\t1.5\t2\ta\n", "line 3"),
        ("contig\tstart\tend\tname\nchr1\t1\t\ta\n", "whole number"),
        ("\n", "empty table"),
    ],
)
def test_table__mistakes_are_placed(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "t.tsv", LOCI)
    assert said in str(caught.value)


def test_table__byte_order_mark_and_windows_lines_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes(b"\xef\xbb\xbfcontig\tstart\tend\tname\r\nchr1\t1\t2\ta\r\n")
    assert read_table(tmp_path / "t.tsv", LOCI)["name"].tolist() == ["a"]


def test_table__half_a_gzip_is_an_error(tmp_path: Path, loci: pd.DataFrame) -> None:
    write_table(pd.concat([loci] * 500), tmp_path / "t.tsv.gz", LOCI)
    whole = (tmp_path / "t.tsv.gz").read_bytes()
    (tmp_path / "t.tsv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError):
        read_table(tmp_path / "t.tsv.gz", LOCI)


def write_sequences(path: Path) -> None:
    with create_store(path, SEQUENCES, build="b", task="binary", target_names=["t"]) as store:
        write_array(store, "codes", np.zeros((3, 8), dtype=np.uint8))
        for name in ("contig", "strand", "id"):
            write_array(store, name, np.array(["x", "", "éö"], dtype=object))
        for name in ("start", "end"):
            write_array(store, name, np.arange(3))
        write_array(store, "split", np.zeros(3, dtype=np.uint8))


def test_store__round_trip_and_bytes_repeat(tmp_path: Path) -> None:
    write_sequences(tmp_path / "a.h5")
    write_sequences(tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with open_store(tmp_path / "a.h5", SEQUENCES) as store:
        assert read_text(store["id"]).tolist() == ["x", "", "éö"]


def test_store__external_and_soft_links_are_refused(tmp_path: Path) -> None:
    for kind in (h5py.ExternalLink("other.h5", "/x"), h5py.SoftLink("/codes")):
        write_sequences(tmp_path / "a.h5")
        with h5py.File(tmp_path / "a.h5", "a") as store:
            del store["split"]
            store["split"] = kind
        with pytest.raises(DataError, match="points outside"), open_store(tmp_path / "a.h5", SEQUENCES):
            pass


def test_store__changed_text_and_changed_data_are_noticed(tmp_path: Path) -> None:
    write_sequences(tmp_path / "a.h5")
    data = (tmp_path / "a.h5").read_bytes()
    with h5py.File(tmp_path / "a.h5") as opened:
        at = opened["codes"].id.get_chunk_info(0).byte_offset
    text = data.index(b"binary")
    for place, said in ((text, "its attributes have changed"), (at + 5, "damaged")):
        changed = bytearray(data)
        changed[place] ^= 1
        (tmp_path / "b.h5").write_bytes(changed)
        with pytest.raises(DataError, match=said), open_store(tmp_path / "b.h5", SEQUENCES) as opened:
            opened["codes"][()]


def test_store__damage_wrong_schema_and_missing_arrays_are_told(tmp_path: Path) -> None:
    write_sequences(tmp_path / "a.h5")
    (tmp_path / "half.h5").write_bytes((tmp_path / "a.h5").read_bytes()[:2000])
    with h5py.File(tmp_path / "other.h5", "w") as store:
        store.attrs["schema"] = "lucidseq.ld"
    with h5py.File(tmp_path / "a.h5", "a") as store:
        del store["start"]
    for name, said in (("half.h5", "not a readable"), ("other.h5", "schema lucidseq.ld"), ("a.h5", "start missing")):
        with pytest.raises(DataError, match=said), open_store(tmp_path / name, SEQUENCES):
            pass


def test_ld__round_trip(tmp_path: Path) -> None:
    block = LdBlock("l1", "chr1", 0, 10, np.eye(2, dtype=np.float32), np.array(["v1", "v2"], dtype=object))
    assert write_ld(tmp_path / "ld.h5", iter([block]), build="b", method="in-sample", n_ref=5) == 1
    with open_ld(tmp_path / "ld.h5") as store:
        (found,) = list(store)
    assert (found.name, found.variant_id.tolist(), found.r.tolist()) == ("l1", ["v1", "v2"], [[1, 0], [0, 1]])


@pytest.mark.parametrize("line", ["chr1\t5", "chr1\t5\t5", "chr1\ta\t9", "chr1\t1\t9\tn\t0\t*"])
def test_bed__bad_rows_are_placed(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.bed").write_text(f"#c\nchr1\t0\t9\n{line}\n")
    with pytest.raises(DataError, match=r".") as caught:
        read_bed(tmp_path / "x.bed")
    assert "line 3" in str(caught.value)


def test_genome__windows_beyond_the_ends_are_n(tmp_path: Path) -> None:
    (tmp_path / "g.fa").write_text(">chr1 text\nACGTAC\nGTNN\n>chr2\nTTTT\n")
    with Genome(tmp_path / "g.fa") as genome:
        assert genome.lengths == {"chr1": 10, "chr2": 4}
        assert alphabet.decode(genome.fetch("chr1", -2, 12)) == "NNACGTACGTNNNN"
        with pytest.raises(DataError, match="contig 1; the FASTA calls it chr1"):
            genome.fetch("1", 0, 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.fa"]


def test_genome__bgzip_reads_alike_and_plain_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "g.fa").write_text(">chr1\n" + "ACGT\n" * 100)
    pysam.tabix_compress(str(tmp_path / "g.fa"), str(tmp_path / "b.fa.gz"))
    (tmp_path / "p.fa.gz").write_bytes(gzip.compress((tmp_path / "g.fa").read_bytes()))
    with Genome(tmp_path / "g.fa") as plain, Genome(tmp_path / "b.fa.gz") as packed:
        assert (plain.fetch("chr1", 3, 300) == packed.fetch("chr1", 3, 300)).all()
    with pytest.raises(DataError, match="cannot be indexed"):
        Genome(tmp_path / "p.fa.gz")


RECORDS = {"chr1": "ACGTACGTAA", "chr2": "TTTTGGGGCC", "chr3": "CCC"}


def write_fasta(path: Path, records: dict[str, str], width: int = 4, end: str = "\n") -> Path:
    """Write a FASTA whose first record has a long header, as bgzip where the name says so."""
    text = "".join(
        f">{name} {'x' * 300 * (number == 0)}{end}" + "".join(letters[at : at + width] + end for at in range(0, len(letters), width))
        for number, (name, letters) in enumerate(records.items())
    )
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    plain.write_bytes(text.encode())
    if plain != path:
        pysam.tabix_compress(str(plain), str(path), force=True)
    return path


def age(path: Path, seconds: int) -> None:
    os.utime(path, (1_700_000_000 - seconds,) * 2)


@pytest.mark.parametrize("name", ["g.fa", "g.fa.gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("index_age", "change"),
    [
        (-9, "none"),
        (0, "none"),
        (9, "none"),
        (9, "longer"),
        (0, "longer"),
        (-9, "longer"),
        (-9, "shorter"),
        (-9, "renamed"),
        (-9, "wrapped"),
        (-9, "swapped"),
        (-9, "first alone"),
    ],
)
def test_genome__a_foreign_index_is_not_used_and_a_matching_one_is_at_any_age(
    name: str, end: str, index_age: int, change: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("lucidseq"), "propagate", True)
    path = write_fasta(tmp_path / name, RECORDS, end=end)
    pysam.samtools.faidx(str(path))
    first, second, third = RECORDS.values()
    now, width = {
        "none": (RECORDS, 4),
        "longer": ({"chr1": "G" + first, "chr2": second, "chr3": third}, 4),
        "wrapped": (RECORDS, 5),
        "shorter": ({"chr1": first, "chr2": second, "chr3": third[1:]}, 4),
        "first alone": ({"chr1": first}, 4),
        "renamed": ({"chr1": first, "chr2": second, "chr9": third}, 4),
        "swapped": (dict(reversed(RECORDS.items())), 4),
    }[change]
    write_fasta(path, now, width, end)
    age(path, 0)
    for index in tmp_path.glob("*.*i"):
        age(index, index_age)
    with Genome(path) as genome:
        assert {contig: alphabet.decode(genome.fetch(contig, 0, size)) for contig, size in genome.lengths.items()} == now
    warnings_text = "".join(record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)
    changed = change != "none"  # a matching index is used whatever its age: copies of the FASTA are finished after those of its index
    assert ("older than" in warnings_text, "does not match" in warnings_text) == (index_age > 0 and changed, index_age <= 0 and changed)


def test_genome__a_staged_index_is_judged_by_its_own_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("lucidseq"), "propagate", True)
    path = write_fasta(tmp_path / "g.fa", RECORDS)
    pysam.samtools.faidx(str(path))
    (tmp_path / "staged").mkdir()
    for source in ("g.fa.fai", "g.fa"):  # the link to the FASTA is the younger one
        (tmp_path / "staged" / source).symlink_to(tmp_path / source)
    with Genome(tmp_path / "staged" / "g.fa") as genome:
        assert genome.lengths == {name: len(letters) for name, letters in RECORDS.items()}
    assert not caplog.records


@pytest.mark.parametrize("name", ["g.fa", "g.fa.gz"])
@pytest.mark.parametrize("order", ["chr1 chr2 chr1", "chr1 chr1 chr2", "chr2 chr1 chr3 chr1 chr1"])
@pytest.mark.parametrize("indexed", [False, True])
def test_genome__a_contig_that_comes_twice_is_refused(
    name: str, order: str, indexed: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    parts = [write_fasta(tmp_path / "one.fa", {contig: RECORDS[contig]}).read_text() for contig in order.split()]
    (tmp_path / "g.fa").write_text("".join(parts))
    if name != "g.fa":
        pysam.tabix_compress(str(tmp_path / "g.fa"), str(tmp_path / name))
    if indexed:
        pysam.samtools.faidx(str(tmp_path / name))
    capfd.readouterr()
    with pytest.raises(DataError, match="contig chr1 more than once"):
        Genome(tmp_path / name)
    assert "fai_insert_index" not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["g.fa", "g.fa.gz"])
def test_genome__records_that_an_index_leaves_out_do_no_harm(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("lucidseq"), "propagate", True)
    letters = "".join(np.random.default_rng(1).choice(list("ACGT"), 300_000))
    path = write_fasta(tmp_path / name, {**RECORDS, "chr4": letters, "chr5": letters[::-1]}, width=200_000)
    pysam.samtools.faidx(str(path))
    index = Path(f"{path}.fai")
    for kept in ((0, 2), (1, 4), (3,), (0, 1, 2, 3, 4)):
        lines = index.read_text().splitlines(keepends=True)
        index.write_text("".join(lines[row] for row in kept))
        with Genome(path) as genome:
            assert list(genome.lengths) == [f"chr{row + 1}" for row in kept]
        index.write_text("".join(lines))
    assert not caplog.records


def test_card__round_trip_and_worst_verdict(tmp_path: Path) -> None:
    card = Card("t", "c")
    card.add("a", 0.5, Verdict.OK, threshold="> 0", advice="x", interval=(0.1, 0.9), level=0.95)
    card.add("b", float("nan"), Verdict.CAUTION, threshold="", advice="y")
    (tmp_path / "x.card.json").write_text(card.to_json())
    found = read_card(tmp_path / "x.card.json")
    assert found.verdict is Verdict.CAUTION
    assert (found.checks[0], found.checks[1].value) == (card.checks[0], None)
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError):
        read_card(tmp_path / "bad.json")


def test_streams__are_independent_of_order() -> None:
    first = stream(1, "a").random(3)
    stream(1, "b").random(3)
    assert (stream(1, "a").random(3) == first).all()
    assert abs(np.corrcoef(stream(1, "a").random(5000), stream(1, "b").random(5000))[0, 1]) < 0.06


@pytest.mark.parametrize("text", ["0/2", "3/2", "x", "1", "1/"])
def test_shard__nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_shard(text)


def test_table__bytes_that_are_not_text_are_told_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes(b"contig\tstart\tend\tname\nchr1\t1\t2\t\xff\xfe\n")
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "t.tsv", LOCI)
    assert "t.tsv" in str(caught.value)
