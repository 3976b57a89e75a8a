"""Checks of pipeline parameters and sample sheets; every mistake is reported at once, with its line."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

from lucidseq.contract.cli import PipelineOptions
from lucidseq.core.card import Card, Verdict
from lucidseq.core.errors import DataError
from lucidseq.core.outputs import OutputSet
from lucidseq.core.tables import open_text

COLUMNS = ("cohort", "chromosome", "genotypes", "phenotypes", "covariates")
GENOTYPE_SUFFIXES = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf", ".bed", ".pgen", ".bgen")
# Parameters that each workflow needs; of a group of several names, one is needed
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "association": (("input",), ("loci",), ("gtf",), ("gene_sets",)),
    "regulatory": (("regions", "positive"),),
    "discovery": (("input",), ("loci",), ("gtf",), ("gene_sets",), ("fasta",), ("regions",), ("signal",)),
}


def pipeline(options: PipelineOptions, out: OutputSet) -> Card:
    """Check parameters and sample sheet; write the sheet in canonical form (empty when there is none).

    Raises
    ------
    DataError
        Listing every mistake with its place.
    """
    text = options.parameters.read_text(encoding="utf-8-sig")
    values = _read_json(text, options.parameters)
    mistakes = check_parameters(values, _read_json(options.schema.read_text(encoding="utf-8"), options.schema), text)
    problems = [f"{options.parameters.name}, {item}" for item in mistakes]
    rows: list[dict[str, str]] = []
    if options.samplesheet is not None:
        rows, mistakes = check_samplesheet(open_text(options.samplesheet).read())
        problems += [f"{options.samplesheet.name}, {item}" for item in mistakes]
    if problems:
        raise DataError(
            f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}:\n  - " + "\n  - ".join(problems),
            "parameters as `nextflow run . --help` and docs/reference describe them",
            "correct the places named above",
            where=", ".join(file.name for file in (options.parameters, options.samplesheet) if file is not None),
        )
    out["samplesheet"].write_text(render_samplesheet(rows), encoding="utf-8")
    card = Card("check", "pipeline")
    card.add("parameters valid", len(values), Verdict.OK, threshold="all", advice="Every parameter has the right kind and range.")
    if rows:
        cohorts = len({row["cohort"] for row in rows})
        card.add("cohorts", cohorts, Verdict.OK, threshold=">= 1", advice="Cohorts of the sample sheet.")
    return card


def check_parameters(values: dict[str, Any], schema: dict[str, Any], text: str) -> list[str]:
    """Return the mistakes in pipeline parameters.

    Parameters
    ----------
    values
        Parameter name to value.
    schema
        nextflow_schema.json.
    text
        The JSON text the values came from, in which lines are looked up.
    """
    import difflib

    import jsonschema

    properties = {name: rule for group in schema["$defs"].values() for name, rule in group["properties"].items()}
    problems = []
    for name, value in values.items():
        where = _line_of(name, text)
        if name not in properties:
            near = difflib.get_close_matches(name, properties, n=1)
            suggestion = f"; did you mean --{near[0]}?" if near else ""
            problems.append(f"{where}: --{name} is not a parameter{suggestion}")
            continue
        if isinstance(value, str) and not value.isprintable():
            problems.append(f"{where}: --{name} holds a control character ({json.dumps(value)})")
        errors = jsonschema.Draft202012Validator(properties[name]).iter_errors(value)
        problems += [f"{where}: --{name} {json.dumps(value)}: {error.message}" for error in errors]
    given = {name for name, value in values.items() if value not in (None, False, "")}
    workflow = values.get("workflow")
    if isinstance(workflow, str) and not values.get("simulate"):
        missing = [names for names in NEEDS.get(workflow, ()) if not given.intersection(names)]
        problems += [f"--workflow {workflow} needs {' or '.join('--' + name for name in names)}" for names in missing]
    return problems


def check_samplesheet(text: str) -> tuple[list[dict[str, str]], list[str]]:
    """Return the rows of a sample sheet and its mistakes, each with the line."""
    try:
        lines = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        return [], [f"not a CSV table: {error}"]
    header = [name.strip() for name in lines[0]] if lines else []
    if len(set(header)) < len(header):
        return [], [f"line 1: a column comes twice ({', '.join(header)})"]
    absent = [name for name in ("cohort", "genotypes", "phenotypes") if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if absent or unknown:
        mistakes = [f"line 1: no column {name} (columns: {', '.join(header)})" for name in absent]
        return [], mistakes + [f"line 1: column {name} is not known (known: {', '.join(COLUMNS)})" for name in unknown]
    rows: list[dict[str, str]] = []
    problems: list[str] = []
    for number, fields in enumerate(lines[1:], start=2):
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            problems.append(f"line {number}: {len(fields)} fields where the header has {len(header)}")
            continue
        row = dict.fromkeys(COLUMNS, "") | {name: field.strip() for name, field in zip(header, fields, strict=True)}
        problems += [f"line {number}: {problem}" for problem in _row_problems(row, rows)]
        rows.append(row)
    if not rows and not problems:
        problems.append("line 2: no cohort")
    return rows, problems


def _row_problems(row: dict[str, str], earlier: list[dict[str, str]]) -> list[str]:
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", row["cohort"]):
        problems.append(f"cohort {row['cohort']!r} is not made of letters, digits, _ . -")
    if not row["genotypes"].endswith(GENOTYPE_SUFFIXES):
        problems.append(f"genotypes {row['genotypes']!r} does not end in {', '.join(GENOTYPE_SUFFIXES)}")
    problems += [f"{name} is empty" for name in ("phenotypes",) if not row[name]]
    same = [other for other in earlier if other["cohort"] == row["cohort"]]
    if any(other["chromosome"] == row["chromosome"] for other in same):
        problems.append(f"cohort {row['cohort']} has chromosome {row['chromosome'] or '(empty)'} twice")
    if any(Path(other["genotypes"]).name == Path(row["genotypes"]).name for other in same):
        problems.append(f"cohort {row['cohort']} has two genotype files named {Path(row['genotypes']).name}: give each a name of its own")
    problems += [
        f"cohort {row['cohort']} has two {name} files: {same[0][name]} and {row[name]}"
        for name in ("phenotypes", "covariates")
        if same and same[0][name] != row[name]
    ]
    return problems


def render_samplesheet(rows: list[dict[str, str]]) -> str:
    """Return rows as CSV with every column."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _line_of(name: str, text: str) -> str:
    for number, line in enumerate(text.splitlines(), start=1):
        if f'"{name}"' in line:
            return f"line {number}"
    return "parameters"


def _read_json(text: str, path: Path) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON: {error.msg}", "a JSON object", "correct the file", where=f"{path}, line {error.lineno}") from error
    if not isinstance(values, dict):
        raise DataError("JSON that is not an object", "a JSON object", "correct the file", where=str(path))
    return values
