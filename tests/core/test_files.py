"""Tables, stores, BED and FASTA: what is written is read back, and what is wrong is named with its place."""

from __future__ import annotations

import gzip
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
    return pd.DataFrame(
        {"contig": ["chr1", "NA"], "start": [0, 5], "end": [4, 9], "name": ["a", "nan"], "extra": [0.1, 1e-300]}
    )


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
def test_table__round_trip_keeps_values_and_text_that_looks_missing(
    tmp_path: Path, loci: pd.DataFrame, name: str
) -> None:
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
    for place, said in ((text, "attributes are not what was written"), (at + 5, "damaged")):
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
