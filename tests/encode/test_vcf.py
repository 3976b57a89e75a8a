"""VCF text: the vectorised decoder gives what htslib gives, whatever the shape of the rows."""

from __future__ import annotations

from pathlib import Path

import cyvcf2
import numpy as np
import pytest

from fixtures_genotypes import random_calls, vcf_header, write_plink1, write_text_vcf, write_vcf
from lucidseq.core.errors import DataError
from lucidseq.encode.genotypes.choices import GenotypeField, Multiallelic
from lucidseq.encode.readers import vcf, vcf_lines
from lucidseq.encode.readers.open import open_reader
from lucidseq.encode.readers.reader import Reading
from lucidseq.encode.readers.vcf_columns import decode_calls, decode_subfields
from lucidseq.encode.readers.vcf_records import record_dosage

SAMPLES = [f"s{index}" for index in range(7)]
DS_HEADER = vcf_header(SAMPLES).replace("#CHROM", '##FORMAT=<ID=DS,Number=1,Type=Float,Description="Dosage">\n#CHROM', 1)


def read_all(path: Path, field: GenotypeField = GenotypeField.AUTO) -> np.ndarray:
    return np.concatenate([chunk.dosage for chunk in open_reader(path, field).chunks()])


def by_htslib(path: Path, *, dosage: bool) -> np.ndarray:
    field = GenotypeField.DOSAGE if dosage else GenotypeField.GT
    return np.stack([record_dosage(record, field, where="") for record in cyvcf2.VCF(str(path))])


def row(form: str, cells: list[str], position: int = 100) -> str:
    return "\t".join(["chr1", str(position), ".", "A", "G", ".", ".", ".", form, *cells]) + "\n"


@pytest.mark.parametrize("suffix", [".vcf", ".vcf.gz", ".bcf"])
def test_formats__identical_hard_calls(tmp_path: Path, suffix: str) -> None:
    calls = random_calls(2, 1500, 23)
    path = write_vcf(tmp_path / f"x{suffix}", calls)
    reader = open_reader(path, GenotypeField.AUTO)
    chunks = list(reader.chunks())
    assert reader.hard_calls
    assert np.array_equal(np.concatenate([chunk.dosage for chunk in chunks]), calls)
    plink = list(open_reader(write_plink1(tmp_path / "x", calls), GenotypeField.AUTO).chunks())
    for name in ("contig", "start", "effect_allele", "other_allele", "rsid"):
        ours, theirs = (np.concatenate([getattr(chunk, name) for chunk in some]) for some in (chunks, plink))
        assert np.array_equal(ours, theirs), name


def test_calls__no_row_needs_htslib_when_regular(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vcf, "decode_lines", lambda *_, **__: pytest.fail("htslib was asked"))
    calls = random_calls(3, 40, 9, missing=0.3)
    assert np.array_equal(read_all(write_vcf(tmp_path / "x.vcf", calls)), calls)


GT_ROWS = {
    "phased": ["0|0", "0|1", "1|0", "1|1", "0|1", "0|0", "1|1"],
    "missing": ["./.", ".|.", "./1", "0|.", "1/1", "0/1", "0/0"],
    "haploid": ["0", "1", "0/1", ".", "1/1", "0/0", "1"],
    "all haploid": ["0", "1", "1", ".", "0", "0", "1"],
}


@pytest.mark.parametrize("name", GT_ROWS)
def test_calls__as_htslib(tmp_path: Path, name: str) -> None:
    text = row("GT", GT_ROWS["phased"]) + row("GT", GT_ROWS[name], 101) + row("GT", GT_ROWS["phased"], 102)
    path = write_text_vcf(tmp_path / "x.vcf", vcf_header(SAMPLES) + text)
    assert np.array_equal(read_all(path), by_htslib(path, dosage=False))


def test_calls__haploid_counts_two_copies_and_half_missing_is_missing(tmp_path: Path) -> None:
    path = write_text_vcf(tmp_path / "x.vcf", vcf_header(SAMPLES) + row("GT", ["0", "1", "./1", "0|.", "1|1", "0/1", "."]))
    assert read_all(path).tolist() == [[0, 2, -1, -1, 2, 1, -1]]


def test_subfields__calls_as_htslib(tmp_path: Path) -> None:
    cells = ["0|0:12", "0/1:3", "1|1:200", "./.:0", "0/0:1", ".|1:7", "1/0:9"]
    rows = row("GT:DP", cells) + row("GT:DP", [*cells[:6], "0|1"], 101) + row("DP:GT", [cell[4:] + ":" + cell[:3] for cell in cells], 102)
    header = vcf_header(SAMPLES).replace("#CHROM", '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">\n#CHROM', 1)
    path = write_text_vcf(tmp_path / "x.vcf", header + rows)
    assert np.array_equal(read_all(path), by_htslib(path, dosage=False))


DOSAGES = {
    "short": ["0", "1", "2", "0.5", "1.25", "1.999", "0.001"],
    "long": ["0.123456", "1.1234567", "0.12345678", "1.123456789", "0.12345678901234", "1.999999999999999", "0.3333333"],
    "missing": [".", "0.5", ".", "1", "2", "nan", "0"],
    "scientific": ["1e-05", "2E-3", "0.5", "1", "2.5e-1", "0", "2"],
    "odd": ["00.5", "1.", ".5", "2.000", "01", "0.50000000000000000001", "1.0"],
}


@pytest.mark.parametrize("name", DOSAGES)
@pytest.mark.parametrize("form", ["GT:DS", "DS", "DS:GT", "GT:DS:DP"])
def test_dosages__as_htslib(tmp_path: Path, name: str, form: str) -> None:
    parts = {"GT": "0/1", "DP": "3"}
    cells = [":".join({**parts, "DS": value}[key] for key in form.split(":")) for value in DOSAGES[name]]
    path = write_text_vcf(tmp_path / "x.vcf", DS_HEADER + row(form, cells))
    ours = read_all(path)
    assert ours.dtype == np.float32
    assert np.array_equal(ours, by_htslib(path, dosage=True), equal_nan=True)


def test_dosages__random_decimals_are_the_nearest_float32(tmp_path: Path) -> None:
    values = np.random.default_rng(5).uniform(0, 2, (400, 7)).astype(np.float32)
    text = "".join(row("GT:DS", [f"0/1:{value:.9g}" for value in some], 100 + at) for at, some in enumerate(values))
    assert np.array_equal(read_all(write_text_vcf(tmp_path / "x.vcf", DS_HEADER + text)), values)


def test_auto__reads_gt_where_a_row_has_no_ds(tmp_path: Path) -> None:
    text = row("GT:DS", [f"0/1:{value}" for value in DOSAGES["short"]]) + row("GT", GT_ROWS["missing"], 101)
    ours = read_all(write_text_vcf(tmp_path / "x.vcf", DS_HEADER + text))
    assert np.array_equal(ours[1], [np.nan, np.nan, np.nan, np.nan, 2, 1, 0], equal_nan=True)


def test_field__gt_ignores_ds_and_dosage_wants_it(tmp_path: Path) -> None:
    path = write_text_vcf(tmp_path / "x.vcf", DS_HEADER + row("GT:DS", ["0/1:1.4"] * 7) + row("GT", ["0/1"] * 7, 101))
    assert read_all(path, GenotypeField.GT).tolist() == [[1] * 7, [1] * 7]
    with pytest.raises(DataError, match="FORMAT GT") as caught:
        read_all(path, GenotypeField.DOSAGE)
    assert "line 7" in str(caught.value)


def test_rows__multiallelic_and_monomorphic_are_counted(tmp_path: Path) -> None:
    good = row("GT", GT_ROWS["phased"])
    text = good + good.replace("\tG\t", "\tG,T\t") + good.replace("\tG\t", "\t.\t")
    path = write_text_vcf(tmp_path / "x.vcf", vcf_header(SAMPLES) + text)
    reader = open_reader(path, Reading(multiallelic=Multiallelic.DROP))
    assert sum(len(chunk) for chunk in reader.chunks()) == 1
    assert reader.skipped == {"multi-allelic": 1, "no alternate allele": 1}


def test_blocks__results_do_not_depend_on_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = random_calls(4, 60, 9)
    path = write_vcf(tmp_path / "x.vcf", calls)
    path.write_bytes(path.read_bytes().rstrip(b"\n").replace(b"\n", b"\r\n"))
    for size in (50, 1000, 1 << 20):
        monkeypatch.setattr(vcf_lines, "BLOCK_BYTES", size)
        assert np.array_equal(read_all(path), calls)


@pytest.mark.parametrize(
    ("broken", "mention"),
    [
        (row("GT", ["0/1"] * 6), "genotypes of 6 samples"),
        (row("GT", ["0/1"] * 8), "genotypes of 8 samples"),
        ("chr1\t100\t.\tA\tG\n", "5 columns"),
        (row("GT", ["0/1"] * 7).replace("\t100\t", "\tx\t"), "POS 'x'"),
        (row("DP", ["3"] * 7), "FORMAT DP"),
    ],
)
def test_broken_rows__are_named_by_line(tmp_path: Path, broken: str, mention: str) -> None:
    path = write_text_vcf(tmp_path / "x.vcf", vcf_header(SAMPLES) + row("GT", ["0/1"] * 7) + broken)
    with pytest.raises(DataError) as caught:
        read_all(path)
    assert mention in str(caught.value)
    assert "line 6" in str(caught.value)


def test_decoders__rows_do_not_touch_each_other() -> None:
    good, bad = b"0/1:1.5\t1/1:2", b"0/1:x.5\t1/1:2"
    decoded = decode_subfields([good, bad, good, b"0/1\t1/1:2"], 2, 2, dosages=1)
    assert decoded.irregular.tolist() == [False, True, False, True]
    assert decoded.dosage[[0, 2]].tolist() == [[1.5, 2.0]] * 2
    decoded = decode_calls([b"0/1\t1|1", b"0/1\t1x1", b"./.\t0/0"], 2)
    assert decoded.irregular.tolist() == [False, True, False]
    assert decoded.dosage[[0, 2]].tolist() == [[1, 2], [-1, 0]]
