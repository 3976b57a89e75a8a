"""Every dialect of summary statistics: one study, written as each program writes it, comes back with its truth."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from scipy import stats

from fixtures_sumstats import CASES, CONTROLS, WRITTEN, Study, Written, encode_here, simulate
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.schema import DROPPED, SUMSTATS
from lucidseq.core.tables import read_table
from lucidseq.encode.sumstats.choices import Dialect, ExportDialect
from lucidseq.encode.sumstats.dialects import DIALECTS
from lucidseq.encode.sumstats.effects import effects_of_z
from lucidseq.encode.sumstats.meanings import Meaning
from support import assert_bad_input, run_cli, run_ok

N = 19_000


@pytest.fixture(scope="module")
def study() -> Study:
    return simulate()


def encode(written: Written, study: Study, folder: Path, *words: object) -> pd.DataFrame:
    path = written.write(study.rows, folder / "in.txt")
    extra: list[object] = [] if written.n else ["--n", N]
    extra += ["--panel", study.write_bim(folder / "p.bim")] if written.panel else []
    extra += ["--dialect", written.dialect] if written.named else []
    encode_here("--input", path, *extra, *words, "--out", folder / "h")
    return read_table(folder / "h.sumstats.tsv.gz", SUMSTATS)


def compare(found: pd.DataFrame, rows: pd.DataFrame, written: Written, *, name: str = "") -> None:
    """Hold what was read against the truth; each row may name either allele as the effect allele, and its numbers with it."""
    key = ["chromosome", "position"]
    joined = found.rename(columns={"base_pair_location": "position"})
    joined["chromosome"] = joined["chromosome"].str.removeprefix("chr").replace({"23": "X"})
    joined = joined.merge(rows, on=key, suffixes=("", "_true"))
    assert len(joined) == len(found) == len(rows) - written.lost
    same = joined["effect_allele"] == joined["effect"]
    assert same.all() or written.dialect == "gwas-vcf"  # the .bim has the effect allele first
    assert np.all(joined["effect_allele"] == np.where(same, joined["effect"], joined["other"]))
    assert np.all(joined["other_allele"] == np.where(same, joined["other"], joined["effect"]))
    sign = np.where(same, 1.0, -1.0)
    assert np.allclose(joined["z"], sign * joined["z_true"], rtol=1e-9, atol=1e-9)
    assert np.allclose(joined["neg_log_10_p_value"], joined["tail"], rtol=1e-9, atol=1e-9)
    truth = {True: joined["n_true"], False: np.full(len(joined), N)}[written.n]
    if name == "saige-binary":
        truth = np.full(len(joined), CASES + CONTROLS)
    assert np.array_equal(joined["n"], truth)
    beta, error = joined["beta_true"], joined["se"]
    if not written.scale:
        beta, error = effects_of_z(joined["z_true"].to_numpy(), truth.to_numpy(), None)
    assert np.allclose(joined["beta"], sign * beta, rtol=1e-9, atol=1e-12)
    assert np.allclose(joined["standard_error"], error, rtol=1e-9)
    if written.frequency:
        assert np.allclose(joined["effect_allele_frequency"], np.where(same, joined["frequency"], 1 - joined["frequency"]))
    else:
        assert joined["effect_allele_frequency"].isna().all()
    assert set(joined["z_kind"]) == {written.z_kind}


@pytest.mark.parametrize("name", WRITTEN)
def test_dialect__is_told_from_its_header_and_gives_the_truth(name: str, study: Study, tmp_path: Path) -> None:
    written = WRITTEN[name]
    found = encode(written, study, tmp_path)
    compare(found, study.rows, written, name=name)
    card = {check.name: check for check in read_card(tmp_path / "h.encode_sumstats.card.json").checks}
    assert card["dialect"].value == written.dialect
    assert written.write.__name__ == "gwas_vcf" or "effect allele is" in card["dialect"].advice
    dropped = read_table(tmp_path / "h.sumstats.dropped.tsv.gz", DROPPED)
    others = len(study.rows) if name == "plink1-linear" else 0  # rows of the covariate
    assert len(dropped) == written.lost + others
    qc = pd.read_csv(tmp_path / "h.sumstats.qc.tsv", sep="\t")
    assert qc["removed"].sum() == len(dropped)


@pytest.mark.parametrize("name", WRITTEN)
def test_dialect__against_the_genome_keeps_every_row(name: str, study: Study, tmp_path: Path) -> None:
    found = encode(WRITTEN[name], study, tmp_path, "--fasta", study.write_fasta(tmp_path / "g.fa"))
    compare(found, study.rows, WRITTEN[name], name=name)
    assert set(found["chromosome"]) == {"chr1", "chr2", "chrX"}
    card = {check.name: check.value for check in read_card(tmp_path / "h.encode_sumstats.card.json").checks}
    assert card["strand of the file"] == "forward"
    assert card["SNPs with the genome's reference allele"] == 1


@pytest.mark.parametrize("name", ["plink1-linear", "plink1-logistic"])
def test_one_allele__the_genome_gives_the_other_or_the_row_leaves(name: str, study: Study, tmp_path: Path) -> None:
    path = WRITTEN[name].write(study.rows, tmp_path / "in.txt")
    encode_here("--input", path, "--fasta", study.write_fasta(tmp_path / "g.fa"), "--out", tmp_path / "h")
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS).merge(study.rows, left_on="rsid", right_on="name")
    assert (found["effect_allele"] == found["effect"]).all() and (found["other_allele"] == found["other"]).all()
    snp = (study.rows["ref"].str.len() == 1) & (study.rows["alt"].str.len() == 1)
    deletion = (study.rows["ref"].str.len() == 3) & (study.rows["effect"].str.len() == 1)
    unclear = deletion & (study.rows["effect"] == study.rows["alt"])
    assert not unclear[found.index].all()
    assert len(found) == (snp & (study.rows["effect"] == study.rows["alt"])).sum()


@pytest.mark.parametrize("export", [dialect for dialect in ExportDialect if dialect is not ExportDialect.NONE])
def test_export__comes_back_the_same(export: ExportDialect, study: Study, tmp_path: Path) -> None:
    first = encode(WRITTEN["gwas-ssf"], study, tmp_path, "--export", export, "--fasta", study.write_fasta(tmp_path / "g.fa"))
    exported = tmp_path / ("h.exported.vcf.gz" if export is ExportDialect.GWAS_VCF else "h.exported.tsv.gz")
    facts = DIALECTS[Dialect(export.value)]
    written = {meaning for _, meaning in facts.export}
    bim = tmp_path / "b.bim"
    columns = ["chromosome", "rsid", "zero", "base_pair_location", "effect_allele", "other_allele"]
    first.assign(zero=0)[columns].to_csv(bim, sep="\t", header=False, index=False)
    extra: list[object] = (
        ["--panel", bim]
        if not {Meaning.POSITION, Meaning.OTHER_ALLELE}
        <= {*written} | ({Meaning.POSITION, Meaning.OTHER_ALLELE} if export is ExportDialect.GWAS_VCF else set())
        else []
    )
    extra += [] if Meaning.N in written else ["--n", N]
    extra += ["--dialect", export] if export is ExportDialect.PLINK1_QASSOC else []
    encode_here("--input", exported, *extra, "--out", tmp_path / "again")
    second = read_table(tmp_path / "again.sumstats.tsv.gz", SUMSTATS)
    card = {check.name: check.value for check in read_card(tmp_path / "again.encode_sumstats.card.json").checks}
    assert card["dialect"] == export.value
    same = second["effect_allele"].to_numpy() == first["effect_allele"].to_numpy()
    assert same.all() or export is ExportDialect.GWAS_VCF
    assert np.array_equal(np.where(same, first["other_allele"], first["effect_allele"]), second["other_allele"])
    sign = np.where(same, 1, -1)
    assert np.allclose(second["z"], sign * first["z"], rtol=1e-9)
    assert np.allclose(second["neg_log_10_p_value"], first["neg_log_10_p_value"], rtol=1e-9)
    if Meaning.BETA in written or Meaning.ODDS_RATIO in written:
        assert np.allclose(second["beta"], sign * first["beta"], rtol=1e-9)
    if Meaning.N in written:
        assert np.array_equal(first["n"], second["n"])


def test_export_gwas_ssf__is_what_the_catalogs_validator_takes(study: Study, tmp_path: Path) -> None:
    """Its rules (gwas-sumstats-tools, schema/data_table.py): numbers from 1 to 25, bases, rs numbers or #NA, whole N, the order of columns."""
    rows = study.rows.copy()
    rows["name"] = [name if at % 3 else f"x:{at}" for at, name in enumerate(rows["name"])]
    path = WRITTEN["gwas-ssf"].write(rows, tmp_path / "in.txt")
    fasta = study.write_fasta(tmp_path / "g.fa")
    encode_here("--input", path, "--fasta", fasta, "--export", "gwas-ssf", "--out", tmp_path / "h")
    assert set(read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)["chromosome"]) == {"chr1", "chr2", "chrX"}
    table = pd.read_csv(tmp_path / "h.exported.tsv.gz", sep="\t", dtype=str, keep_default_na=False)
    assert set(table["chromosome"]) == {"1", "2", "23"}
    for name, pattern in (("rsid", r"rs[0-9]+|#NA"), ("n", r"[0-9]+"), ("effect_allele", "[ACGT]+"), ("other_allele", "[ACGT]+")):
        assert table[name].str.fullmatch(pattern).all(), name
    assert 0 < (table["rsid"] == "#NA").sum() < len(table) / 2
    mandatory = ["chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error", "effect_allele_frequency"]
    assert table.columns[:8].tolist() == [*mandatory, "neg_log_10_p_value"]
    odd = WRITTEN["gwas-ssf"].write(rows.assign(chromosome="scaffold_7"), tmp_path / "odd.txt")
    result = run_ok("encode", "sumstats", "--input", odd, "--export", "gwas-ssf", "--out", tmp_path / "o")
    assert f"{len(rows)} rows are on chromosomes" in result.stderr


def test_gwas_ssf__z_scores_of_version_1_1(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text(
        "chromosome\tbase_pair_location\teffect_allele\tother_allele\tz-score\tstandard_error\teffect_allele_frequency\tp_value\tn\n"
        "1\t1000\tA\tG\t3.5\t#NA\t0.3\t4.65e-4\t9000\n"
    )
    encode_here("--input", tmp_path / "in.tsv", "--out", tmp_path / "h")
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    beta, error = effects_of_z(np.array([3.5]), np.array([9000.0]), np.array([0.3]))
    assert found[["z", "beta", "standard_error"]].to_numpy() == pytest.approx(np.array([[3.5, beta[0], error[0]]]), rel=1e-9)


def test_export_vcf__is_read_by_htslib_with_the_genome_as_ref(study: Study, tmp_path: Path) -> None:
    encode(WRITTEN["fastgwa"], study, tmp_path, "--export", "gwas-vcf", "--fasta", study.write_fasta(tmp_path / "g.fa"))
    path = tmp_path / "h.exported.vcf.gz"
    pysam.tabix_index(str(path), preset="vcf")
    truth = study.rows.set_index("name")
    with pysam.VariantFile(str(path)) as file:
        rows = list(file.fetch("chr2"))
        assert list(file.header.samples) == ["in"]
    assert len(rows) == (study.rows["chromosome"] == "2").sum()
    for row in rows:
        wanted = truth.loc[row.id]
        assert study.genome["2"][row.start :].startswith(row.ref)
        if not study.genome["2"][row.start :].startswith(wanted["alt"]):  # an insertion of the base that follows reads both ways
            assert (row.ref, row.alts) == (wanted["ref"], (wanted["alt"],))
        sign = 1 if wanted["effect"] == row.alts[0] else -1
        assert row.samples[0]["ES"][0] == pytest.approx(sign * wanted["beta"], rel=1e-6)


def test_dialects__choices_and_table_are_the_same() -> None:
    assert set(DIALECTS) == set(Dialect) - {Dialect.AUTO}
    assert {dialect.value for dialect in ExportDialect} == {"none", *(facts.name.value for facts in DIALECTS.values() if facts.export)}
    for facts in DIALECTS.values():
        assert facts.effect_allele and facts.source
        for _, meaning in facts.export:
            assert meaning.startswith("=") or meaning in list(Meaning)


def test_effect_allele__is_the_one_programs_name(study: Study, tmp_path: Path) -> None:
    """The most costly mistake, in one row a program: the column that must be read as the effect allele."""
    effect_column = {
        "gwas-ssf": "effect_allele",
        "ldsc": "A1",
        "polyfun": "A1",
        "plink1-regression": "A1",
        "plink1-assoc": "A1",
        "plink2": "A1",
        "regenie": "ALLELE1",
        "saige": "Allele2",
        "bolt-lmm": "ALLELE1",
        "cojo": "A1",
        "fastgwa": "A1",
        "metal": "Allele1",
        "gwas-vcf": "ALT",
    }
    for dialect, column in effect_column.items():
        assert DIALECTS[Dialect(dialect)].columns[Meaning.EFFECT_ALLELE] == (column,)


def test_cases_and_controls__effective_size(study: Study, tmp_path: Path) -> None:
    found = encode(WRITTEN["saige-binary"], study, tmp_path, "--sample-size", "effective")
    assert np.allclose(found["n"], 4 / (1 / CASES + 1 / CONTROLS))


@pytest.mark.parametrize("name", ["in.tsv", "in.vcf"])
def test_cases_alone__give_no_sample_size(name: str, tmp_path: Path) -> None:
    """--n gives it, in a table and in a VCF with NC without SS."""
    (tmp_path / "in.tsv").write_text(
        "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\tp_value\tn_cases\n"
        "1\t1000\tA\tG\t0.1\t0.02\t5.7e-7\t500\n"
    )
    declared = "".join(f'##FORMAT=<ID={field},Number=A,Type=Float,Description="e">\n' for field in ("ES", "SE", "LP", "NC"))
    (tmp_path / "in.vcf").write_text(
        f"##fileformat=VCFv4.2\n##contig=<ID=1>\n{declared}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tst\n"
        "1\t1000\trs1\tG\tA\t.\tPASS\t.\tES:SE:LP:NC\t0.1:0.02:6.244:500\n"
    )
    encode_here("--input", tmp_path / name, "--n", 9_000, "--out", tmp_path / "h")
    assert read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)["n"].tolist() == [9_000]
    result = run_cli("encode", "sumstats", "--input", tmp_path / name, "--out", tmp_path / "o" / "h")
    assert_bad_input(result, "no column n", "--n", folder=tmp_path / "o", exit_code=2)


def test_bolt__two_models_are_told(study: Study, tmp_path: Path) -> None:
    """BETA and SE are of the infinitesimal model, P_BOLT_LMM of the mixture, whose chi-squares are a tenth larger here."""
    rows = study.rows[study.rows["tail"] < 100]
    path = WRITTEN["bolt-lmm"].write(rows, tmp_path / "in.txt")
    table = pd.read_csv(path, sep="\t")
    chi_square = 1.1 * (table["BETA"] / table["SE"]) ** 2
    table.assign(CHISQ_BOLT_LMM=chi_square, P_BOLT_LMM=stats.chi2.sf(chi_square, 1)).to_csv(path, sep="\t", index=False)
    name = "chi-square of P_BOLT_LMM over (BETA / SE)^2"
    for words, expected in (((), 1.1), (("--column", "p_value=P_BOLT_LMM_INF"), None)):
        encode_here("--input", path, "--n", N, *words, "--out", tmp_path / "h", "--force")
        found = {check.name: check for check in read_card(tmp_path / "h.encode_sumstats.card.json").checks}
        assert (name in found) == (expected is not None)
        if expected:
            assert found[name].value == pytest.approx(expected, rel=1e-6) and found[name].verdict is Verdict.CAUTION
            assert found["p-values far from those of effect / standard error"].value == 0


def test_z_alone__effects_with_frequencies_are_those_of_an_allele() -> None:
    """Of a simulated trait of variance 1: the effect and its error from z, N and frequency are those of least squares."""
    rng = np.random.default_rng(3)
    x, people = rng.binomial(2, 0.3, 5_000).astype(float), 5_000
    y = 0.1 * x + rng.normal(size=people)
    y /= y.std(ddof=1)
    fit = stats.linregress(x, y)
    z = fit.slope / fit.stderr
    frequency = x.mean() / 2
    beta, error = effects_of_z(np.array([z]), np.array([float(people)]), np.array([frequency]))
    assert beta[0] == pytest.approx(fit.slope, rel=0.02) and error[0] == pytest.approx(fit.stderr, rel=0.02)


def test_custom__columns_by_name(study: Study, tmp_path: Path) -> None:
    rows = study.rows
    frame = pd.DataFrame(
        {
            "MARKER": rows["name"],
            "CH": rows["chromosome"],
            "AT": rows["position"],
            "EA": rows["effect"],
            "NEA": rows["other"],
            "Eff": rows["beta"],
            "Err": rows["se"],
            "Neff": rows["n"] / 2,
            "Ntot": rows["n"],
        }
    )
    frame.to_csv(tmp_path / "in.csv", index=False)
    named = {
        "rsid": "MARKER",
        "chromosome": "CH",
        "base_pair_location": "AT",
        "effect_allele": "EA",
        "other_allele": "NEA",
        "beta": "Eff",
        "standard_error": "Err",
        "n": "Ntot",
    }
    words = [word for meaning, name in named.items() for word in ("--column", f"{meaning}={name}")]
    encode_here("--input", tmp_path / "in.csv", *words, "--out", tmp_path / "h")
    compare(read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS), rows, Written(lambda _, path: path, "custom", frequency=False))
    encode_here(
        "--input", tmp_path / "in.csv", *words, "--column", "n_effective=Neff", "--sample-size", "effective", "--out", tmp_path / "e"
    )
    assert np.allclose(read_table(tmp_path / "e.sumstats.tsv.gz", SUMSTATS)["n"].to_numpy(), rows["n"] / 2)


def test_column__overrides_the_dialect(study: Study, tmp_path: Path) -> None:
    """BOLT-LMM's own statistic instead of beta / error, an N column that it does not have, a p-value left unread."""
    path = WRITTEN["bolt-lmm"].write(study.rows, tmp_path / "in.txt")
    lines = path.read_text().splitlines()
    text = [lines[0] + "\tMyN", *(f"{line}\t{number}" for line, number in zip(lines[1:], study.rows["n"], strict=True))]
    path.write_text("\n".join(text) + "\n")
    encode_here(
        "--input", path, "--column", "n=MyN", "--column", "standard_error=none", "--column", "p_value=none", "--out", tmp_path / "h"
    )
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    assert np.array_equal(found["n"], study.rows["n"])
    assert np.allclose(found["z"], study.rows["z"], rtol=1e-9)


def test_cojo__by_place_when_named(study: Study, tmp_path: Path) -> None:
    path = WRITTEN["cojo"].write(study.rows, tmp_path / "in.ma")
    path.write_text("snp effect alt af est err pv size\n" + path.read_text().split("\n", 1)[1])
    encode_here("--input", path, "--dialect", "cojo", "--panel", study.write_bim(tmp_path / "p.bim"), "--out", tmp_path / "h")
    compare(read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS), study.rows, WRITTEN["cojo"])


def test_regenie__several_traits_in_one_file(study: Study, tmp_path: Path) -> None:
    path = WRITTEN["regenie"].write(study.rows, tmp_path / "in.txt")
    header, body = path.read_text().split("\n", 1)
    for column in ("BETA", "SE", "CHISQ", "LOG10P"):
        header = header.replace(f" {column}", f" {column}.Y2")
    path.write_text(header + "\n" + body)
    encode_here("--input", path, "--trait", "Y2", "--out", tmp_path / "h")
    compare(read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS), study.rows, WRITTEN["regenie"])


def test_own_output__is_read_again_unchanged(study: Study, tmp_path: Path) -> None:
    first = encode(WRITTEN["regenie"], study, tmp_path)
    encode_here("--input", tmp_path / "h.sumstats.tsv.gz", "--z-kind", "score", "--out", tmp_path / "again")
    assert gzip.decompress((tmp_path / "again.sumstats.tsv.gz").read_bytes()) == gzip.decompress(
        (tmp_path / "h.sumstats.tsv.gz").read_bytes()
    )
    assert len(first) == len(study.rows) - 1
