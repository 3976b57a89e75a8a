"""Ploidy, sex chromosomes and sites of several alleles."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_formats import HEADER
from fixtures_genotypes import random_calls, write_plink1, write_text_vcf
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import open_genotypes
from lucidseq.encode.genotypes.choices import GenotypeField, HaploidCoding
from lucidseq.encode.genotypes.sex_chromosomes import DIPLOID, MITOCHONDRIA, SexChromosomes, X, Y
from lucidseq.encode.readers.allele_counts import genotype_copies
from lucidseq.encode.readers.open import open_reader
from lucidseq.encode.readers.reader import FEMALE, MALE, Reading
from support import program, run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)
CALLS = HEADER[: HEADER.index("##FORMAT=<ID=DS")]
GP = '##FORMAT=<ID=GP,Number=G,Type=Float,Description="Probabilities">\n'


def vcf(path: Path, rows: list[str], samples: int, *, header: str = CALLS) -> Path:
    names = "\t".join(f"s{index}" for index in range(samples))
    contigs = "".join(f"##contig=<ID={name}>\n" for name in ("X", "Y", "MT", "chrX", "23", "NC_000023.11", "Z"))
    top = header.replace("##contig=<ID=1>\n", "##contig=<ID=1>\n" + contigs)
    return write_text_vcf(path, f"{top}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n" + "".join(rows))


def row(cells: list[str], *, contig: str = "1", position: int = 100, alt: str = "G", form: str = "GT") -> str:
    return "\t".join([contig, str(position), ".", "A", alt, ".", ".", ".", form, *cells]) + "\n"


def read(path: Path, **reading: object) -> np.ndarray:
    return np.concatenate([chunk.dosage for chunk in open_reader(path, Reading(**reading)).chunks()])


def encode(folder: Path, *words: object) -> Path:
    run_ok("encode", "genotypes", "--out", folder / "g", "--force", *words)
    return folder / "g.genotypes.h5"


def qc(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "g.genotypes.qc.tsv", sep="\t").set_index(["unit", "step"])


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
@pytest.mark.parametrize("separator", "/|")
def test_tetraploids(tmp_path: Path, suffix: str, separator: str) -> None:
    cells = [separator.join(call) for call in ("0000", "0001", "0110", "1110", "1111", "0.00", "....")]
    path = vcf(tmp_path / f"x{suffix}", [row(cells), row(cells[::-1], position=101)], 7)
    assert read(path, ploidy=4).tolist() == [[0, 1, 2, 3, 4, -1, -1], [-1, -1, 4, 3, 2, 1, 0]]
    with pytest.raises(DataError, match="4 alleles"):
        read(path)
    with open_genotypes(encode(tmp_path, "--genotypes", path, "--ploidy", 4, *OFF[:-1], 1e-6)) as store:
        assert store.frequency.tolist() == [0.5, 0.5]
        assert store._store.attrs["ploidy"] == 4
    table = pd.read_csv(tmp_path / "g.variants.tsv.gz", sep="\t", na_values="#NA")
    assert table["hwe_p_value"].isna().all()


def test_haploids__of_vcf_and_of_plink(tmp_path: Path) -> None:
    path = vcf(
        tmp_path / "x.vcf", [row(["0", "1", ".", "1"]), row(["0:3", "1:2", ".:0", "1:1"], position=101, form="GT:DS")], 4, header=HEADER
    )
    assert read(path, field=GenotypeField.GT, ploidy=1).tolist() == [[0, 1, -1, 1]] * 2
    prefix = write_plink1(tmp_path / "p", np.array([[0, 1, 2, -1]], dtype=np.int8))
    assert read(Path(f"{prefix}.bed"), ploidy=1).tolist() == [[0, -1, 1, -1]]
    with pytest.raises(DataError, match="ploidy 4"):
        read(Path(f"{prefix}.bed"), ploidy=4)


def test_several_alleles__one_variant_each(tmp_path: Path) -> None:
    cells = ["0/0", "0/1", "1|2", "2/2", "./.", "3/1", "0|3"]
    expected = [[0, 1, 1, 0, -1, 1, 0], [0, 0, 1, 2, -1, 0, 0], [0, 0, 0, 0, -1, 1, 1]]
    for suffix in (".vcf", ".bcf"):
        path = vcf(tmp_path / f"x{suffix}", [row(cells, alt="G,T,AC"), row([f"{cell}" for cell in cells], alt="G,T,AC", position=101)], 7)
        chunk = next(open_reader(path).chunks())
        assert chunk.dosage.tolist() == [*expected, *expected]
        assert chunk.effect_allele.tolist() == ["G", "T", "AC"] * 2
        assert set(chunk.other_allele) == {"A"}
    encode(tmp_path, "--genotypes", tmp_path / "x.vcf", *OFF)
    assert qc(tmp_path).loc[("sites of several ALT alleles", "split, one variant an allele"), "kept"] == 2
    encode(
        tmp_path,
        "--genotypes",
        vcf(tmp_path / "y.vcf", [row(cells, alt="G,T,AC"), row(["0/1"] * 7, position=101)], 7),
        "--multiallelic",
        "drop",
        *OFF,
    )
    assert qc(tmp_path).loc[("variants", "multi-allelic"), "removed"] == 1


def test_several_alleles__more_than_one_digit(tmp_path: Path) -> None:
    alleles = ",".join("A" * count for count in range(2, 14))
    path = vcf(tmp_path / "x.vcf", [row(["0/12", "11/1", "12|12", "./."], alt=alleles)], 4)
    dosage = read(path)
    assert dosage[11].tolist() == [1, 0, 2, -1]
    assert dosage[10].tolist() == [0, 1, 0, -1]
    assert dosage[0].tolist() == [0, 1, 0, -1]


def test_several_alleles__dosages_and_probabilities(tmp_path: Path) -> None:
    path = vcf(tmp_path / "x.vcf", [row(["0/1:0.9,0.1", "2/2:0,2", "./.:."], alt="G,T", form="GT:DS")], 3, header=HEADER)
    assert np.allclose(read(path), [[0.9, 0, np.nan], [0.1, 2, np.nan]], equal_nan=True)
    probabilities = "0.1,0.2,0.3,0.1,0.2,0.1"  # 00 01 11 02 12 22
    path = vcf(tmp_path / "y.vcf", [row([probabilities, "1,0,0,0,0,0"], alt="G,T", form="GP")], 2, header=CALLS + GP)
    assert np.allclose(read(path, field=GenotypeField.GP), [[0.2 + 0.6 + 0.2, 0], [0.1 + 0.2 + 0.2, 0]])


COUNTS = {
    "a decimal comma in DS": ("DS", "G", ["0/1:1.2", "0/0:0,5"], "2 dosages"),
    "two DS for one ALT": ("DS", "G", ["0/0:0.5,1.9", "0/1:1"], "2 dosages"),
    "a DS and a dot for one ALT": ("DS", "G", ["0/0:0.5,.", "0/1:1"], "2 dosages"),
    "one DS for two ALT": ("DS", "G,T", ["0/1:0.5", "0/2:0.5"], "1 dosages"),
    "one DS for two ALT in one sample": ("DS", "G,T", ["0/1:0.5,0.1", "0/2:0.5"], "1 dosages"),
    "three DS for two ALT": ("DS", "G,T", ["0/1:0.5,0.1", "0/2:0,1,0"], "3 dosages"),
    "two GP of a diploid": ("GP", "G", ["0/1:0,1", "0/1:0,1,0"], "2 genotype probabilities"),
    "two GP of all diploids": ("GP", "G", ["0/1:0,1", "0/1:0.5,0.5"], "2 genotype probabilities"),
    "two GP and a dot of a diploid": ("GP", "G", ["0/1:0,1,.", "0/1:0,1,0"], "3 genotype probabilities"),
    "two GP of a missing diploid": ("GP", "G", ["./.:0,1", "0/1:0,1,0"], "2 genotype probabilities"),
    "three GP of a haploid": ("GP", "G", ["1:0,0,1", "0/1:0,1,0"], "3 genotype probabilities"),
    "one GP": ("GP", "G", ["0/1:1", "0/1:0,1,0"], "1 genotype probabilities"),
    "three GP for two ALT": ("GP", "G,T", ["0/1:0,1,0", "0/1:0,1,0,0,0,0"], "3 genotype probabilities"),
}


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
@pytest.mark.parametrize("name", COUNTS)
def test_another_number_of_values__is_refused(tmp_path: Path, suffix: str, name: str) -> None:
    """Decimal commas, and lists that fit neither the ALT alleles nor the sample's call."""
    key, alt, cells, message = COUNTS[name]
    good = ["0/0:1,0,0" if key == "GP" else "0/0:0"] * 2
    rows = [row(good, form=f"GT:{key}"), row(cells, alt=alt, form=f"GT:{key}", position=101)]
    path = vcf(tmp_path / f"x{suffix}", rows, 2, header=HEADER + GP)
    with pytest.raises(DataError, match=message) as caught:
        read(path, field=GenotypeField.GP if key == "GP" else GenotypeField.AUTO)
    assert f"line {path.read_text().count(chr(10))}" in str(caught.value) if suffix == ".vcf" else "1:101" in str(caught.value)


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
def test_lists_that_fit__are_read(tmp_path: Path, suffix: str) -> None:
    """A lone dot or nothing is missing, for several ALT alleles too; GP are those of the call's copies."""
    dosages = row(["0/1:0.5,0.25", "0/2:.", "./.", "1/2:.,1"], alt="G,T", form="GT:DS")
    path = vcf(tmp_path / f"x{suffix}", [dosages], 4, header=HEADER)
    assert np.array_equal(read(path), [[0.5, 0, np.nan, 1], [0.25, 1, np.nan, 1]], equal_nan=True)
    cells = ["0/1:0.25,0.5,0.25", "1:0.25,0.75", "0/1:.", ".:0,0,1"]
    text = [row(cells, form="GT:GP"), row([".:0.5,0.5", "0|1", "0/1:.,.,.", "./.:0,1,0"], form="GT:GP", position=101)]
    path = vcf(tmp_path / f"y{suffix}", text, 4, header=CALLS + GP)
    assert read(path, field=GenotypeField.GP).tolist() == [[1, 1.5, 1, 2], [1, 1, 1, 1]]


def test_probabilities__on_a_phred_scale_are_refused(tmp_path: Path) -> None:
    path = vcf(tmp_path / "x.vcf", [row(["0,12,40"], form="GP")], 1, header=CALLS + GP)
    with pytest.raises(DataError, match="sum to 52"):
        read(path, field=GenotypeField.GP)


def test_genotype_order__is_that_of_vcf() -> None:
    def place(genotype: tuple[int, int]) -> int:  # VCF 4.3, section 1.6.2
        first, second = sorted(genotype)
        return second * (second + 1) // 2 + first

    copies = genotype_copies(2, 4)
    for first in range(4):
        for second in range(4):
            expected = np.bincount([first, second], minlength=4)
            assert copies[place((first, second))].tolist() == expected.tolist()


SEXES = np.array([MALE, MALE, FEMALE, FEMALE, 0], dtype=np.uint8)


def test_kinds__by_name_and_build() -> None:
    contigs = np.array(["chrX", "X", "23", "Y", "chrM", "1", "Z"], dtype=object)
    starts = np.full(7, 5_000_000)
    human = SexChromosomes(SEXES, "hg38", HaploidCoding.TWO)
    assert human.kinds(contigs, starts).tolist() == [X, X, X, Y, MITOCHONDRIA, DIPLOID, DIPLOID]
    assert SexChromosomes(SEXES, "unknown", HaploidCoding.TWO).kinds(contigs, starts)[2] == DIPLOID
    assert SexChromosomes(SEXES, "hg38", HaploidCoding.TWO, ploidy=4).kinds(contigs, starts).tolist() == [DIPLOID] * 7


@pytest.mark.parametrize(
    ("build", "shared", "own"),
    [
        ("GRCh37", (60_001, 2_699_520, 154_931_044, 155_260_560), (60_000, 2_699_521, 154_931_043)),
        ("GRCh38", (10_001, 2_781_479, 155_701_383, 156_030_895), (10_000, 2_781_480, 155_701_382)),
    ],
)
def test_pseudo_autosomal_regions(build: str, shared: tuple[int, ...], own: tuple[int, ...]) -> None:
    rules = SexChromosomes(SEXES, build, HaploidCoding.TWO)
    positions = np.array([*shared, *own])  # from 1
    found = rules.kinds(np.array(["X"] * len(positions), dtype=object), positions - 1)
    assert found.tolist() == [DIPLOID] * len(shared) + [X] * len(own)


def men_and_women(tmp_path: Path, *words: object) -> tuple[list[list[int]], list[float]]:
    rows = [
        row(["0/1", "1/1", "0/1", "1/1", "0/1"], contig="X", position=1_000_000),  # shared by X and Y
        row(["0/1", "1", "0/1", "1/1", "0/1"], contig="X", position=5_000_000),
        row(["0", "1/1", "0/0", "./.", "0/1"], contig="X", position=5_000_001),
        row(["0", "1", "1", ".", "0/1"], contig="Y", position=5_000_000),
        row(["0", "1", "0/1", "1/1", "."], contig="MT", position=10),
    ]
    path = vcf(tmp_path / "x.vcf", rows, 5)
    (tmp_path / "sex.tsv").write_text("sample sex\ns0 M\ns1 1\ns2 female\ns3 2\ns4 NA\n")
    store = encode(tmp_path, "--genotypes", path, "--sex", tmp_path / "sex.tsv", "--build", "GRCh38", *OFF, *words)
    with open_genotypes(store) as found:
        assert found._store["samples/sex"][()].tolist() == SEXES.tolist()
        return found.dosage(0, 5).tolist(), found.frequency.tolist()


def test_men__two_copies_of_x_by_default(tmp_path: Path) -> None:
    dosage, frequency = men_and_women(tmp_path)
    assert dosage == [
        [1, 2, 1, 2, 1],
        [-1, 2, 1, 2, 1],  # a heterozygous man is missing
        [0, 2, 0, -1, 1],
        [0, 2, -1, -1, -1],  # women have no Y
        [0, 2, -1, 2, -1],
    ]
    assert np.allclose(frequency, [7 / 10, 6 / 8, 3 / 8, 2 / 4, 4 / 6])
    table = qc(tmp_path)
    assert table.loc[("genotypes", "heterozygous though haploid, set to missing (all variants read)"), "removed"] == 3
    assert table.loc[("genotypes", "females on Y, set to missing (all variants read)"), "removed"] == 1


def test_men__one_copy_of_x(tmp_path: Path) -> None:
    dosage, frequency = men_and_women(tmp_path, "--male-x", "0-1")
    assert dosage == [[1, 2, 1, 2, 1], [-1, 1, 1, 2, 1], [0, 1, 0, -1, 1], [0, 1, -1, -1, -1], [0, 1, -1, 1, -1]]
    assert np.allclose(frequency, [7 / 10, 5 / 7, 2 / 6, 1 / 2, 2 / 3])
    again = encode(tmp_path / "again", "--genotypes", tmp_path / "g.genotypes.h5", "--male-x", "0-2", *OFF)
    with open_genotypes(again) as store:
        assert store.dosage(0, 5).tolist()[2:] == [[0, 2, 0, -1, 1], [0, 2, -1, -1, -1], [0, 2, -1, 2, -1]]


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
@pytest.mark.parametrize("declared", [False, True])
def test_heterozygous_calls_of_one_copy__are_missing_whatever_the_header_declares(tmp_path: Path, suffix: str, declared: bool) -> None:
    """A header that declares DS makes no call a dosage: the rule follows the genotype. A dosage of one of a male stays."""
    rows = [
        row(["0/1", "1/1", "0/1", "1/1"], contig="X", position=5_000_000),
        row(["0/1", "1/1", "0/1", "1/1"], contig="Y", position=5_000_000),
        row(["0/1", "1", "0", "1/1"], contig="MT", position=100),
    ]
    expected = [[np.nan, 2, 1, 2], [np.nan, 2, np.nan, np.nan], [np.nan, 2, 0, 2]]
    if declared:
        cells = ["0/1:.", "1:0.99", "0/1:1.0", "1/1:2"]
        rows.insert(1, row(cells, contig="X", position=5_000_001, form="GT:DS"))
        rows.insert(2, row(["0/1:1", *cells[1:]], contig="X", position=5_000_002, form="GT:DS"))
        expected[1:1] = [[np.nan, 1.98, 1, 2], [1, 1.98, 1, 2]]
    path = vcf(tmp_path / f"x{suffix}", rows, 4, header=HEADER if declared else CALLS)
    (tmp_path / "sex.tsv").write_text("sample sex\ns0 M\ns1 M\ns2 F\ns3 F\n")
    with open_genotypes(encode(tmp_path, "--genotypes", path, "--sex", tmp_path / "sex.tsv", "--build", "GRCh38", *OFF)) as store:
        dosage = store.dosage(0, len(rows)).astype(float)
    assert np.allclose(np.where(dosage < 0, np.nan, dosage), expected, atol=1e-6, equal_nan=True)
    table = qc(tmp_path)
    heterozygous = table.loc[("genotypes", "heterozygous though haploid, set to missing (all variants read)"), "removed"]
    assert heterozygous == 3 + declared
    assert table.loc[("genotypes", "females on Y, set to missing (all variants read)"), "removed"] == 2
    cards = {check.name: check.value for check in read_card(tmp_path / "g.encode_genotypes.card.json").checks}
    assert cards["heterozygous calls of samples with one copy"] == heterozygous


def test_heterozygous_calls_of_one_copy__are_missing_in_a_pgen_with_dosages(tmp_path: Path) -> None:
    rows = [
        row(["0/1", "1/1", "0/1", "1/1"], contig="X", position=5_000_000),
        row(["0:0.2", "1:0.9", "0/1:1.2", "1/1:2"], contig="X", position=5_000_001, form="GT:DS"),
    ]
    vcf(tmp_path / "x.vcf", rows, 4, header=HEADER)
    (tmp_path / "x.sex").write_text("#IID\tSEX\ns0\t1\ns1\t1\ns2\t2\ns3\t2\n")
    line = [program("LUCIDSEQ_PLINK2", "plink2"), "--vcf", "x.vcf", "dosage=DS", "--update-sex", "x.sex", "--make-pgen", "--out", "p"]
    subprocess.run(line, check=True, capture_output=True, cwd=tmp_path)
    with open_genotypes(encode(tmp_path, "--genotypes", tmp_path / "p.pgen", "--build", "GRCh38", *OFF)) as store:
        assert np.allclose(store.dosage(0, 2), [[np.nan, 2, 1, 2], [0.4, 1.8, 1.2, 2]], atol=1e-4, equal_nan=True)


def test_dosages__of_haploid_men_count_twice(tmp_path: Path) -> None:
    cells = ["0:0.1", "1:0.9", "0/1:1.1", "1|1:1.8", "./.:."]
    path = vcf(tmp_path / "x.vcf", [row(cells, contig="chrX", form="GT:DS")], 5, header=HEADER)
    assert np.allclose(read(path)[0], [0.2, 1.8, 1.1, 1.8, np.nan], equal_nan=True)


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
@pytest.mark.parametrize("contig", ["X", "1", "NC_000023.11", "Z"])
def test_dosages__of_haploid_calls_on_any_contig_and_in_any_format(tmp_path: Path, suffix: str, contig: str) -> None:
    """A lone dot beside haploid calls is one of them; alone it is one on X, and a missing diploid call elsewhere."""
    rows = [
        ["1:0.98", "0:0.01", "0:0.2", "1:0.9"],
        ["1:0.98", ".:0.94", "0/1:1.1", "./.:0.7"],
        [".:0.94", "0/1:1.1", "./.:0.7", "0/0:0.25"],
        ["0/1:1.1", "1|1:1.8", "./.:0.7", "0/0:0.25"],
        [".:.", "1:.", "0/1:1.1", "./.:."],
    ]
    text = [row(cells, contig=contig, position=100 + at, form="GT:DS") for at, cells in enumerate(rows)]
    path = vcf(tmp_path / f"x{suffix}", text, 4, header=HEADER)
    alone = 1.88 if contig == "X" else 0.94
    expected = [[1.96, 0.02, 0.4, 1.8], [1.96, 1.88, 1.1, 0.7], [alone, 1.1, 0.7, 0.25], [1.1, 1.8, 0.7, 0.25], [np.nan, 2, 1.1, np.nan]]
    assert np.allclose(read(path), expected, rtol=0, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
@pytest.mark.parametrize("form", ["GT", "GT:DS"])
def test_haploid_calls__outside_x_y_and_mt_are_counted_on_the_card(tmp_path: Path, suffix: str, form: str) -> None:
    """Duplicates, other regions, missing calls and the contigs where calls may be haploid do not count; a site of two ALT counts twice."""
    (tmp_path / "r.bed").write_text("1\t0\t1000\nX\t0\t1000\n")
    calls = [
        ("1", 100, "G", "0 1 0/1 ."),
        ("1", 101, "G,T", "0 0/2 1/1 ./."),
        ("1", 101, "G", "0 1 0 1"),
        ("1", 102, "G", "1 0 1 0"),
        ("1", 5000, "G", "0 0/1 0/1 1/1"),
        ("X", 100, "G", "0 1 1 0"),
    ]
    value = "" if form == "GT" else ":."
    rows = [
        row([f"{cell}{value}" for cell in cells.split()], contig=contig, position=position, alt=alt, form=form)
        for contig, position, alt, cells in calls
    ]
    path = vcf(tmp_path / f"x{suffix}", rows, 4, header=HEADER)
    encode(tmp_path, "--genotypes", path, "--region", tmp_path / "r.bed", *OFF)
    checks = {check.name: check for check in read_card(tmp_path / "g.encode_genotypes.card.json").checks}
    found = checks["haploid calls outside X, Y and MT"]
    assert (found.value, found.verdict) == (2 + 2 + 4, Verdict.CAUTION)
    diploid = vcf(tmp_path / f"y{suffix}", [row(["0/0", "0/1", "1/1", "."]), rows[-1]], 4, header=HEADER)
    haploid = vcf(tmp_path / f"z{suffix}", [row(["0", "1", "0", "."])], 4, header=CALLS)
    for other, words in ((diploid, ()), (haploid, ("--ploidy", 1))):
        encode(tmp_path, "--genotypes", other, *words, *OFF)
        names = {check.name for check in read_card(tmp_path / "g.encode_genotypes.card.json").checks}
        assert "haploid calls outside X, Y and MT" not in names


def test_haploid_genotypes__of_bgen_are_counted(tmp_path: Path) -> None:
    """Men on X, written by plink2; the same file with the contig renamed to Z."""
    vcf(tmp_path / "x.vcf", [row(["0", "1", ".", "0/1"], contig="X", position=9_000_000)], 4)
    (tmp_path / "x.sex").write_text("#IID\tSEX\ns0\t1\ns1\t1\ns2\t1\ns3\t2\n")
    line = [
        program("LUCIDSEQ_PLINK2", "plink2"),
        "--vcf",
        "x.vcf",
        "--update-sex",
        "x.sex",
        "--export",
        "bgen-1.2",
        "ref-first",
        "--out",
        "x",
    ]
    subprocess.run(line, check=True, capture_output=True, cwd=tmp_path)
    (tmp_path / "z.bgen").write_bytes((tmp_path / "x.bgen").read_bytes().replace(b"\x01\0X", b"\x01\0Z"))
    for name, contig, calls in (("x", "X", [0]), ("z", "Z", [2])):
        chunk = next(open_reader(tmp_path / f"{name}.bgen", Reading(GenotypeField.GT)).chunks())
        assert chunk.contig.tolist() == [contig]
        assert chunk.dosage.tolist() == [[0, 2, -1, 1]]
        assert chunk.doubled is not None and chunk.doubled.tolist() == calls


@pytest.mark.parametrize("coding", ["DS", "DS-force", "GP"])
def test_dosages__of_uncertain_men_as_plink2_writes_them(tmp_path: Path, coding: str) -> None:
    """The export of a .pgen as VCF and BCF is read as the .pgen is, on autosomes and on X."""
    plink2, bcftools = program("LUCIDSEQ_PLINK2", "plink2"), program("LUCIDSEQ_BCFTOOLS", "bcftools")
    rng = np.random.default_rng(4)
    men = np.arange(20) < 10
    sexes = "#IID\tSEX\n" + "".join(f"s{at}\t{1 if man else 2}\n" for at, man in enumerate(men))
    (tmp_path / "x.sex").write_text(sexes)
    text = []
    for contig in ("1", "X"):
        most = np.where(men & (contig == "X"), 1, 2)
        for at in range(30):
            true = rng.binomial(most, 0.4)
            dosage = np.clip(true + rng.uniform(-0.3, 0.3, 20), 0, most)
            calls = [("0", "1") if copies == 1 else ("0/0", "0/1", "1/1") for copies in most]
            cells = [f"{call[copies]}:{value:.3f}" for call, copies, value in zip(calls, true, dosage, strict=True)]
            text.append(row(cells, contig=contig, position=10_000_000 + at, form="GT:DS"))
    vcf(tmp_path / "x.vcf", text, 20, header=HEADER)
    line = [plink2, "--vcf", "x.vcf", "dosage=DS", "--update-sex", "x.sex", "--make-pgen", "--out", "p"]
    subprocess.run(line, check=True, capture_output=True, cwd=tmp_path)
    line = [plink2, "--pfile", "p", "--export", "vcf", f"vcf-dosage={coding}", "--out", "q"]
    subprocess.run(line, check=True, capture_output=True, cwd=tmp_path)
    subprocess.run([bcftools, "view", "-Ob", "-o", "q.bcf", "q.vcf"], check=True, capture_output=True, cwd=tmp_path)
    assert coding == "GP" or "\t.:0." in (tmp_path / "q.vcf").read_text()
    field = GenotypeField.GP if coding == "GP" else GenotypeField.AUTO
    pgen, text, binary = (
        read(tmp_path / name, field=field if name[0] == "q" else GenotypeField.AUTO) for name in ("p.pgen", "q.vcf", "q.bcf")
    )
    assert np.abs(text - pgen).max() < 2e-3
    assert np.array_equal(text, binary)


@pytest.mark.parametrize(("words", "caution"), [((), True), (("--build", "GRCh38"), False), (("--build", "ARS-UCD1.2"), False)])
def test_numbers_of_sex_chromosomes__are_said_to_be_unclear_without_a_build(tmp_path: Path, words: tuple[str, ...], caution: bool) -> None:
    calls = random_calls(1, 60, 40, missing=0)
    calls[:, :20] = np.where(calls[:, :20] == 1, 0, calls[:, :20])  # men
    prefix = write_plink1(tmp_path / "x", calls, contig="23")
    (tmp_path / "x.fam").write_text("".join(f"f s{at} 0 0 {1 + at // 20} -9\n" for at in range(40)))
    encode(tmp_path, "--genotypes", prefix, "--min-hwe-p", 0, *words)
    names = {check.name: check.verdict for check in read_card(tmp_path / "g.encode_genotypes.card.json").checks}
    assert (names.get("chromosomes 23 to 26") is Verdict.CAUTION) == caution
    sexes = set(pd.read_csv(tmp_path / "g.samples.tsv", sep="\t")["inferred_sex"][:20])
    assert (sexes == {"male"}) == ("GRCh38" in words)


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
@pytest.mark.parametrize(("line", "dosages"), [("##INFO=<ID=DS,Number=0,Type=Flag", False), ("##FORMAT=<ID=DS,Number=A,Type=Float", True)])
def test_auto__reads_ds_of_samples_alone(tmp_path: Path, suffix: str, line: str, dosages: bool) -> None:
    """Headers of older GATK declare a flag DS in INFO."""
    path = vcf(tmp_path / f"x{suffix}", [row(["0/1", "1/1", "./."])], 3, header=f'{CALLS}{line},Description="d">\n')
    found = read(path)
    assert found.dtype == (np.float32 if dosages else np.int8)
    assert np.array_equal(found, [[1, 2, np.nan if dosages else -1]], equal_nan=True)


@pytest.mark.parametrize("copies", ["0-2", "0-1"])
def test_minor_alleles__are_counted_as_plink2_does(tmp_path: Path, copies: str) -> None:
    """Alleles of men on X, and of everybody on mitochondria, count once whatever the coding."""
    rng = np.random.default_rng(12)
    men, text = np.arange(12) < 5, []
    spelled = {False: ["./.", "0/0", "0/1", "1/1"], True: [".", "0", "1", "1"]}
    for contig, one in (("1", men & False), ("X", men), ("MT", men | True)):
        for at in range(20):
            calls = rng.choice(4, 12, p=[0.1, 0.5, 0.25, 0.15])
            cells = [spelled[bool(single)][call] for single, call in zip(one, calls, strict=True)]
            text.append(row(cells, contig=contig, position=10_000_000 + at))
    vcf(tmp_path / "x.vcf", text, 12)
    (tmp_path / "x.sex").write_text("#IID\tSEX\n" + "".join(f"s{at}\t{1 if man else 2}\n" for at, man in enumerate(men)))
    line = [program("LUCIDSEQ_PLINK2", "plink2"), "--vcf", "x.vcf", "--update-sex", "x.sex", "--freq", "counts", "--out", "p"]
    subprocess.run(line, check=True, capture_output=True, cwd=tmp_path)
    theirs = pd.read_csv(tmp_path / "p.acount", sep="\t")
    encode(tmp_path, "--genotypes", tmp_path / "x.vcf", "--sex", tmp_path / "x.sex", "--male-x", copies, *OFF)
    ours = pd.read_csv(tmp_path / "g.variants.tsv.gz", sep="\t")
    minor = np.minimum(theirs["ALT_CTS"], theirs["OBS_CT"] - theirs["ALT_CTS"])
    assert np.array_equal(ours["minor_allele_count"], minor)
    strict = encode(
        tmp_path / "strict",
        "--genotypes",
        tmp_path / "x.vcf",
        "--sex",
        tmp_path / "x.sex",
        "--male-x",
        copies,
        *OFF,
        "--min-minor-count",
        3,
    )
    with open_genotypes(strict) as store:
        assert len(store.contig) == (minor >= 3).sum() < 60


def test_x__hardy_weinberg_in_women_and_sexes_told_by_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    sex = np.arange(200) % 2 + 1
    frequency = rng.uniform(0.3, 0.7, (300, 1))
    calls = rng.binomial(2, np.broadcast_to(frequency, (300, 200)))
    haploid = 2 * (rng.random((300, 200)) < frequency)
    calls = np.where(sex == MALE, haploid, calls).astype(np.int8)
    prefix = write_plink1(tmp_path / "x", calls, contig="X")
    told = sex.copy()
    told[[4, 7]] = 3 - told[[4, 7]]  # mixed up
    (tmp_path / "x.fam").write_text("".join(f"f s{row} 0 0 {value} -9\n" for row, value in enumerate(told)))
    encode(tmp_path, "--genotypes", prefix, "--build", "hg38", "--max-missing", 0.2)
    table = qc(tmp_path)
    assert table.loc[("variants", "Hardy-Weinberg"), "removed"] <= 3  # men as homozygotes would take every variant out
    people = pd.read_csv(tmp_path / "g.samples.tsv", sep="\t")
    assert people["inferred_sex"].tolist() == [["", "male", "female"][value] for value in sex]
    checks = {check.name: check for check in read_card(tmp_path / "g.encode_genotypes.card.json").checks}
    check = checks["samples whose X contradicts their sex"]
    assert check.value == 2
    assert "s4, s7" in check.advice


def test_heterozygosity__outliers_leave_on_request(tmp_path: Path) -> None:
    calls = random_calls(5, 400, 60, missing=0)
    calls[:, 9] = np.where(calls[:, 9] == 1, 2, calls[:, 9])  # no heterozygote
    calls[:, 11] = 1
    prefix = write_plink1(tmp_path / "x", calls)
    encode(tmp_path, "--genotypes", prefix, "--max-heterozygosity", 3)
    people = pd.read_csv(tmp_path / "g.samples.tsv", sep="\t").set_index("sample")
    assert people.index[people["outcome"] == "heterozygosity"].tolist() == ["s9", "s11"]
    assert abs(people.loc["s9", "inbreeding"] - 1) < 1e-12
    inbreeding = people["inbreeding"].drop(["s9", "s11"])
    assert abs(inbreeding.mean()) < 0.05
    with open_genotypes(tmp_path / "g.genotypes.h5") as store:
        assert len(store.samples) == 58


def test_real_data__of_people_and_of_flies(tmp_path: Path, shared_data: Path) -> None:
    store = encode(tmp_path / "people", "--genotypes", shared_data / "polyfun" / "chr1.bed")
    with open_genotypes(store) as found:
        assert (len(found.start), len(found.samples)) == (952, 489)
    flies = shared_data / "popgen" / "relernn_example.vcf.gz"
    store = encode(tmp_path / "flies", "--genotypes", flies, "--ploidy", 1, "--min-hwe-p", 0)
    with open_genotypes(store) as found:
        assert (len(found.start), len(found.samples)) == (50005, 10)
        assert set(np.unique(found.dosage(0, 50005))) == {0, 1}
        assert found.frequency.max() <= 1
    store = encode(tmp_path / "simulated", "--genotypes", shared_data / "popgen" / "mutrecrate.test.vcf.gz", *OFF)
    with open_genotypes(store) as found:
        assert (len(found.start), len(found.samples)) == (45857, 20)
    assert qc(tmp_path / "simulated").loc[("sites of several ALT alleles", "split, one variant an allele"), "kept"] == 81
