"""Every format gives the same genotypes: bed = pgen = BGEN = VCF = BCF, written by plink2 and bcftools from one simulated set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures_formats import absent_programs, run_program, simulate_alleles, truth, write_dosages, write_sites
from lucidseq.core.genotypes import open_genotypes
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers.open import open_reader
from lucidseq.encode.readers.reader import Reading
from support import assert_bad_input, need, run_cli, run_ok

SAMPLES, SITES = 1000, 20_000
FORMATS = {
    "VCF": ("x.vcf", GenotypeField.AUTO),
    "VCF with the sites split by bcftools": ("split.vcf", GenotypeField.AUTO),
    "BCF": ("x.bcf", GenotypeField.GT),
    "pgen with sites of several alleles": ("x.pgen", GenotypeField.AUTO),
    "bed": ("split.bed", GenotypeField.AUTO),
    "BGEN of 8 bits": ("bgen8.bgen", GenotypeField.GT),
    "BGEN of 16 bits, Zstandard": ("bgen16.bgen", GenotypeField.GT),
    "BGEN 1.1": ("bgen11.bgen", GenotypeField.GT),
}


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """Folder with all formats, and the copies of each ALT allele."""
    need(absent_programs("plink2", "bcftools"))
    folder = tmp_path_factory.mktemp("called")
    alleles, alternates = simulate_alleles(1, SITES, SAMPLES)
    write_sites(folder / "x.vcf", alleles, alternates)
    text = (folder / "x.vcf").read_bytes().replace(b'##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">\n', b"")
    (folder / "x.vcf").write_bytes(text)
    run_program("bcftools", "view", "-Ob", "-l1", "-o", "x.bcf", "x.vcf", cwd=folder)
    run_program("bcftools", "norm", "-m", "-any", "-o", "split.vcf", "x.vcf", cwd=folder)
    run_program("plink2", "--vcf", "x.vcf", "--make-pgen", "--out", "x", cwd=folder)
    run_program("plink2", "--vcf", "split.vcf", "--make-bed", "--out", "split", cwd=folder)
    for name, words in (
        ("bgen8", ("bgen-1.2", "ref-first", "bits=8")),
        ("bgen16", ("bgen-1.3", "ref-first", "bits=16")),
        ("bgen11", ("bgen-1.1", "ref-first")),
    ):
        run_program("plink2", "--bfile", "split", "--export", *words, "--out", name, cwd=folder)
    return folder, truth(alleles, alternates)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_formats__identical_calls(called: tuple[Path, np.ndarray], name: str) -> None:
    folder, expected = called
    file, field = FORMATS[name]
    reader = open_reader(folder / file, Reading(field))
    assert reader.samples == [f"s{index}" for index in range(SAMPLES)]
    plain = list(open_reader(folder / "split.vcf").chunks())
    first = 0
    names = [np.concatenate([getattr(chunk, part) for chunk in plain]) for part in ("start", "effect_allele", "other_allele", "rsid")]
    for chunk in reader.chunks():
        rows = slice(first, first + len(chunk))
        assert chunk.dosage.dtype == np.int8
        assert np.array_equal(chunk.dosage, expected[rows])
        for part, values in zip(("start", "effect_allele", "other_allele", "rsid"), names, strict=True):
            assert np.array_equal(getattr(chunk, part), values[rows]), part
        first += len(chunk)
    assert first == len(expected)


# How far a dosage may be from the one that was simulated, in hundredths: the step of the format's numbers
STEPS = {
    "ds.vcf": 1e-6,
    "ds.bcf": 1e-6,
    "ds.pgen": 1 / 32768 + 1e-6,
    "ds8.bgen": 1 / 255,
    "ds16.bgen": 1 / 32768 + 1 / 65535,
    "gp.vcf": 1e-5,
    "left_out.vcf": 1e-5,
}


@pytest.fixture(scope="module")
def imputed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """Folder with all formats of dosages, and the dosages."""
    need(absent_programs("plink2", "bcftools"))
    folder = tmp_path_factory.mktemp("imputed")
    rng = np.random.default_rng(2)
    hundredths = np.rint(200 * rng.beta(0.2, 0.6, (SITES, SAMPLES))).astype(np.int64)
    hundredths[rng.random(hundredths.shape) < 0.005] = -1
    write_dosages(folder / "ds.vcf", hundredths)
    run_program("bcftools", "view", "-Ob", "-l1", "-o", "ds.bcf", "ds.vcf", cwd=folder)
    run_program("plink2", "--vcf", "ds.vcf", "dosage=DS", "--make-pgen", "--out", "ds", cwd=folder)
    run_program("plink2", "--pfile", "ds", "--export", "bgen-1.2", "ref-first", "bits=8", "--out", "ds8", cwd=folder)
    run_program("plink2", "--pfile", "ds", "--export", "bgen-1.3", "ref-first", "bits=16", "--out", "ds16", cwd=folder)
    run_program("plink2", "--pfile", "ds", "--export", "vcf", "vcf-dosage=GP", "--out", "gp", cwd=folder)
    run_program("plink2", "--pfile", "ds", "--export", "vcf", "vcf-dosage=DS", "--out", "left_out", cwd=folder)
    return folder, np.where(hundredths < 0, np.nan, hundredths / 100).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("file", STEPS)
def test_formats__dosages_within_the_step(imputed: tuple[Path, np.ndarray], file: str) -> None:
    folder, expected = imputed
    field = GenotypeField.GP if file == "gp.vcf" else GenotypeField.AUTO
    first = 0
    for chunk in open_reader(folder / file, Reading(field)).chunks():
        theirs = expected[first : first + len(chunk)]
        assert chunk.dosage.dtype == np.float32
        assert np.array_equal(np.isnan(chunk.dosage), np.isnan(theirs))
        assert np.nanmax(np.abs(chunk.dosage - theirs)) <= STEPS[file]
        first += len(chunk)
    assert first == len(expected)


def test_sample_file__of_another_name_is_given_by_its_option(tmp_path: Path, called: tuple[Path, np.ndarray]) -> None:
    folder, calls = called
    (tmp_path / "g.bgen").write_bytes((folder / "bgen8.bgen").read_bytes())
    (tmp_path / "all.sample").write_text(
        "ID_1 ID_2 missing sex\n0 0 0 D\n" + "".join(f"f o{at} 0 {1 + at % 2}\n" for at in range(calls.shape[1]))
    )
    words = ("encode", "genotypes", "--genotypes", tmp_path / "g.bgen", "--sample", tmp_path / "all.sample", "--out", tmp_path / "g")
    run_ok(*words, "--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)
    with open_genotypes(tmp_path / "g.genotypes.h5") as store:
        assert [str(name) for name in store.samples[:2]] == ["o0", "o1"]
        assert store.sex[:2].tolist() == [1, 2]
    assert "all.sample" in (tmp_path / "g.encode_genotypes.manifest.json").read_text()
    (tmp_path / "x.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\n")
    words = ("encode", "genotypes", "--genotypes", tmp_path / "x.vcf", "--sample", tmp_path / "all.sample", "--out", tmp_path / "out" / "g")
    assert_bad_input(run_cli(*words), "--sample without a BGEN file", folder=tmp_path / "out", exit_code=2)
