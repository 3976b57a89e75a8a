"""lucidseq check: every mistake is found at once, with its line, and nothing else is complained about."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lucidseq.contract.check import check_parameters, check_samplesheet
from support import assert_bad_input, run_cli, run_ok

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "nextflow_schema.json"
GOOD = "cohort,chromosome,genotypes,phenotypes\na,1,x1.vcf.gz,p.tsv\na,2,x2.vcf.gz,p.tsv\nb,,y.bed,q.tsv\n"


def test_samplesheet__good_rows_pass_in_order() -> None:
    rows, problems = check_samplesheet(GOOD)
    assert problems == []
    assert [(row["cohort"], row["chromosome"], row["covariates"]) for row in rows] == [("a", "1", ""), ("a", "2", ""), ("b", "", "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cohort,genotypes\na,x.vcf\n", ["line 1: no column phenotypes"]),
        ("cohort,genotypes,phenotypes,sex\n", ["line 1: column sex is not known"]),
        ("cohort,genotypes,phenotypes\na,x.txt,p\n", ["line 2: genotypes 'x.txt' does not end in"]),
        ("cohort,genotypes,phenotypes\na b,x.vcf,p\n", ["line 2: cohort 'a b'"]),
        ("cohort,genotypes,phenotypes\na,x.vcf,\n", ["line 2: phenotypes is empty"]),
        ("cohort,genotypes,phenotypes\na,x.vcf,p,1\n", ["line 2: 4 fields where the header has 3"]),
        ("cohort,genotypes,phenotypes\n", ["line 2: no cohort"]),
        ("", ["line 1: no column cohort"]),
        (GOOD + "a,1,z.vcf,p.tsv\n", ["line 5: cohort a has chromosome 1 twice"]),
        (GOOD + "a,3,z.vcf,other.tsv\n", ["line 5: cohort a has two phenotypes files: p.tsv and other.tsv"]),
        (GOOD + "a,2,z.vcf,p.tsv\n", ["line 5: cohort a has chromosome 2 twice"]),
        (GOOD + "a,3,elsewhere/x1.vcf.gz,p.tsv\n", ["line 5: cohort a has two genotype files named x1.vcf.gz"]),
        (GOOD + "c,1,z.BED,p\n", ["line 5: genotypes 'z.BED' does not end in"]),
        ("cohort,genotypes,phenotypes,cohort\na,x.vcf,p,a\n", ["line 1: a column comes twice"]),
        ("cohort,genotypes,phenotypes\na," + "x" * 200_000 + ".vcf,p\n", ["not a CSV table"]),
        (GOOD + "c,1,z.txt,\n", ["line 5: genotypes 'z.txt'", "line 5: phenotypes is empty"]),
    ],
)
def test_samplesheet__mistakes_are_placed(text: str, said: list[str]) -> None:
    _, problems = check_samplesheet(text)
    assert len(problems) >= len(said)
    for wanted in said:
        assert any(problem.startswith(wanted) for problem in problems), problems


def defaults() -> dict[str, object]:
    groups = json.loads(SCHEMA.read_text())["$defs"].values()
    return {name: rule.get("default") for group in groups for name, rule in group["properties"].items()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"finemap_locus_coverage": 1.5}, "--finemap_locus_coverage 1.5"),
        ({"finemap_locus_max_effects": "ten"}, "--finemap_locus_max_effects"),
        ({"workflow": "magic"}, "--workflow"),
        ({"finemap_locus_coverag": 0.9}, "did you mean --finemap_locus_coverage?"),
        ({"simulate": False, "workflow": "regulatory"}, "--workflow regulatory needs --regions or --positive"),
    ],
)
def test_parameters__mistakes_are_named(change: dict[str, object], said: str) -> None:
    values = {**defaults(), "simulate": True, **change}
    text = json.dumps(values, indent=2)
    problems = check_parameters(values, json.loads(SCHEMA.read_text()), text)
    assert any(said in problem for problem in problems), problems
    assert len(problems) == 1


def test_parameters__the_defaults_pass_with_simulate() -> None:
    values = {**defaults(), "simulate": True}
    assert check_parameters(values, json.loads(SCHEMA.read_text()), "") == []


def write_parameters(path: Path, **change: object) -> Path:
    path.write_text(json.dumps({**defaults(), "simulate": True, **change}, indent=2))
    return path


def test_cli__writes_the_sheet_in_canonical_form(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("\ufeffgenotypes, phenotypes,cohort\r\nx.vcf,p.tsv,a\r\n", encoding="utf-8")
    parameters = write_parameters(tmp_path / "p.json")
    run_ok(
        "check",
        "pipeline",
        "--parameters",
        parameters,
        "--schema",
        SCHEMA,
        "--samplesheet",
        tmp_path / "s.csv",
        "--out",
        tmp_path / "o" / "c",
    )
    with (tmp_path / "o" / "c.samplesheet.csv").open() as handle:
        assert list(csv.DictReader(handle)) == [
            {"cohort": "a", "chromosome": "", "genotypes": "x.vcf", "phenotypes": "p.tsv", "covariates": ""}
        ]


def test_cli__tells_every_mistake_at_once(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(GOOD + "a,1,z.vcf,p.tsv\n")
    parameters = write_parameters(tmp_path / "p.json", finemap_locus_coverage=2, seed=-1)
    result = run_cli(
        "check",
        "pipeline",
        "--parameters",
        parameters,
        "--schema",
        SCHEMA,
        "--samplesheet",
        tmp_path / "s.csv",
        "--out",
        tmp_path / "o" / "c",
    )
    assert_bad_input(result, "3 mistakes", "--finemap_locus_coverage 2", "--seed -1", "s.csv, line 5", folder=tmp_path / "o")


def test_cli__json_that_is_none_is_placed(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"a": 1,\n oops}')
    result = run_cli("check", "pipeline", "--parameters", tmp_path / "p.json", "--schema", SCHEMA, "--out", tmp_path / "o" / "c")
    assert_bad_input(result, "line 2", folder=tmp_path / "o")
