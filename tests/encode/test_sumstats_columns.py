"""Summary statistics: sample sizes beside each other, rows without an estimate, and headers that name the effect allele."""

from __future__ import annotations

from pathlib import Path

import pytest

from lucidseq.core.card import Check, Verdict, read_card
from lucidseq.core.schema import SUMSTATS
from lucidseq.core.tables import read_table
from support import assert_bad_input, run_cli, run_ok

TOTAL, EFFECTIVE = "N over cases + controls", "effective N over 4 / (1 / cases + 1 / controls)"
BASE = {
    "chromosome": "1",
    "base_pair_location": "1000",
    "effect_allele": "A",
    "other_allele": "G",
    "beta": "0.05",
    "standard_error": "0.01",
    "p_value": "5.7e-07",
}
CASES, CONTROLS = 19_099, 34_194
BALANCED = 4 / (1 / CASES + 1 / CONTROLS)


def write(path: Path, *rows: dict[str, str]) -> Path:
    path.write_text("\n".join(["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]) + "\n")
    return path


def encode(folder: Path, path: Path, *words: object) -> tuple[list[float], dict[str, Check]]:
    run_ok("encode", "sumstats", "--input", path, *words, "--out", folder / "h", "--force")
    checks = read_card(folder / "h.encode_sumstats.card.json").checks
    return read_table(folder / "h.sumstats.tsv.gz", SUMSTATS)["n"].tolist(), {check.name: check for check in checks}


@pytest.mark.parametrize(
    ("columns", "words", "name", "ratio", "verdict"),
    [
        ({"n": "1000"}, (), TOTAL, 1000 / (CASES + CONTROLS), Verdict.REFUSE),
        ({"n": "53293"}, (), TOTAL, 1, Verdict.OK),
        ({"n": "45000"}, (), TOTAL, 45_000 / 53_293, Verdict.OK),
        ({"n_effective": "22842.43"}, (), EFFECTIVE, 22842.43 / BALANCED, Verdict.CAUTION),
        ({"n_effective": "22842.43"}, ("--sample-size", "effective"), EFFECTIVE, 22842.43 / BALANCED, Verdict.REFUSE),
        ({"n_effective": "48000"}, ("--sample-size", "effective"), EFFECTIVE, 48_000 / BALANCED, Verdict.OK),
    ],
)
def test_sizes__that_contradict_each_other_are_on_the_card(
    tmp_path: Path, columns: dict[str, str], words: tuple[str, ...], name: str, ratio: float, verdict: Verdict
) -> None:
    path = write(tmp_path / "x.tsv", {**BASE, "n_cases": str(CASES), "n_controls": str(CONTROLS), **columns})
    _, checks = encode(tmp_path, path, *words)
    assert (checks[name].value, checks[name].verdict) == (pytest.approx(ratio), verdict)
    assert "column n_effective" in checks[name].advice or "--column n" in checks[name].advice


def test_size__of_an_effective_n_in_the_column_of_totals_is_recognised(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", {**BASE, "n_cases": "1000", "n_controls": "100000", "n": "3960.4"})
    _, checks = encode(tmp_path, path)
    assert checks[TOTAL].verdict is Verdict.CAUTION and "effective sample size" in checks[TOTAL].advice


@pytest.mark.parametrize("declared", ["SS", "NS"])
def test_n__is_given_to_rows_without_one(tmp_path: Path, declared: str) -> None:
    """A header that declares sample sizes gives none: the values do."""
    head = "##fileformat=VCFv4.2\n" + "".join(
        f'##FORMAT=<ID={name},Number=A,Type=Float,Description="e">\n' for name in ("ES", "SE", "LP", declared)
    )
    row = "1\t{}\trs1\tG\tA\t.\tPASS\t.\tES:SE:LP{}\t0.1:0.02:6.244{}\n"
    top = head + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tst\n"
    (tmp_path / "none.vcf").write_text(top + row.format(1000, "", ""))
    (tmp_path / "some.vcf").write_text(top + row.format(1000, "", "") + row.format(2000, f":{declared}", ":500"))
    assert encode(tmp_path, tmp_path / "none.vcf", "--n", 9000)[0] == [9000]
    assert encode(tmp_path, tmp_path / "some.vcf", "--n", 9000)[0] == [9000, 500]
    assert "N from --n: 1" in (tmp_path / "h.sumstats.qc.tsv").read_text()
    result = run_cli("encode", "sumstats", "--input", tmp_path / "none.vcf", "--out", tmp_path / "o" / "h")
    assert_bad_input(result, "--n gives the N of rows without one", folder=tmp_path / "o")


@pytest.mark.parametrize("column", ["standard_error", "n"])
def test_rows_without_an_estimate__are_removed_on_request(tmp_path: Path, column: str) -> None:
    good = {**BASE, "n": "1000"}
    path = write(tmp_path / "x.tsv", good, {**good, "base_pair_location": "2000", column: "0"})
    result = run_cli("encode", "sumstats", "--input", path, "--out", tmp_path / "o" / "h")
    assert_bad_input(result, f"{column} = '0", "line 3", "--drop-incomplete", folder=tmp_path / "o")
    assert encode(tmp_path, path, "--drop-incomplete")[0] == [1000]
    assert "standard error or N of 0\t1" in (tmp_path / "h.sumstats.qc.tsv").read_text()
    negative = write(tmp_path / "y.tsv", good, {**good, "base_pair_location": "2000", column: "-1"})
    result = run_cli("encode", "sumstats", "--input", negative, "--drop-incomplete", "--out", tmp_path / "o" / "h")
    assert_bad_input(result, f"{column} = '-1", folder=tmp_path / "o")


HEADERS = {
    "EA and NEA": "CHR POS SNP EA NEA EAF BETA SE P N",
    "small letters": "chr bp rsid ea oa eaf b se pval n",
    "effect_allele": "Chromosome Position MarkerName Effect_Allele Non_Effect_Allele EAF Beta SE P-value N_total",
    "FinnGen": "#chrom pos rsids alt ref af_alt beta sebeta pval nearest_genes",
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers__that_name_the_effect_allele_are_read(tmp_path: Path, name: str) -> None:
    header = HEADERS[name].split()
    (tmp_path / "x.tsv").write_text(
        "\t".join(header) + "\n" + "\t".join(["1", "1000", "rs1", "A", "G", "0.3", "0.05", "0.01", "5.7e-07", "800"]) + "\n"
    )
    words = ("--n", 800) if name == "FinnGen" else ()
    sizes, checks = encode(tmp_path, tmp_path / "x.tsv", *words)
    table = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    (row,) = table[["variant_id", "beta", "standard_error", "effect_allele_frequency", "rsid"]].to_numpy().tolist()
    assert (sizes, row) == ([800], ["1:1000:G:A", 0.05, 0.01, 0.3, "rs1"])
    assert checks["dialect"].value == ("finngen" if name == "FinnGen" else "named-alleles")
    assert checks["columns not read"].value == ("nearest_genes" if name == "FinnGen" else "none")


def test_a_header_without_the_effect_allele__names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("CHR\tBP\tSNP\tA1\tA2\tBETA\tSE\tP\n1\t1000\trs1\tA\tG\t0.05\t0.01\t1e-3\n")
    result = run_cli("encode", "sumstats", "--input", tmp_path / "x.tsv", "--out", tmp_path / "o" / "h")
    assert_bad_input(result, "a column effect_allele (such as EA) and other_allele", "--column effect_allele=NAME", folder=tmp_path / "o")
    assert len(result.stderr) < 700


def test_columns_not_read__are_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", {**BASE, "n": "1000", "SNPVAR": "1e-6", "INFO": "0.9"})
    result = run_ok("encode", "sumstats", "--input", path, "--out", tmp_path / "h")
    assert "not read: SNPVAR, INFO" in result.stderr
