"""Every snippet in README, guides and the tools' READMEs: its commands exist as written, and those whose inputs are small run as written, in order."""

from __future__ import annotations

import contextlib
import gzip
import importlib
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pysam
import pytest
import typer
from typer.main import get_command

from lucidseq.__main__ import TOOLS, module_of
from lucidseq.core.shell import command_line
from support import run_ok

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tools" / "galaxy" / "test-data"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tools" / "lucidseq").glob("*/README.md")),
]
USAGE_ERROR: Any = typer.BadParameter.__base__  # of the parser that Typer brings
PAGES = [page for page in PAGES if page.parent.name != "reference"]  # generated; its examples are doctests


@dataclass(frozen=True)
class Snippet:
    """A fenced block: the page, the line it begins on, its language and its lines (continued ones joined)."""

    page: str
    line: int
    language: str
    lines: tuple[str, ...]


def snippets() -> Iterator[Snippet]:
    for page in PAGES:
        text = page.read_text()
        for block in re.finditer(r"^( *)```([a-z]*)\n(.*?)^\1```", text, re.S | re.M):
            lines = block[3] if block[2] == "python" else re.sub(r"\\\n\s*", "", block[3])
            yield Snippet(str(page.relative_to(ROOT)), text.count("\n", 0, block.start()) + 1, block[2], tuple(lines.splitlines()))


def lines_with(start: str) -> list[tuple[str, list[str]]]:
    """Return the place and the words of each shell line with a command, ``...`` and what precedes it (docker run ...) taken off."""
    found = []
    for snippet in snippets():
        if snippet.language in ("", "bash", "sh"):
            for line in snippet.lines:
                match = re.search(rf"(?:^|\s)({start}.*)", line)
                if match and not line.startswith(("#", "received", "fix")):
                    found.append((f"{snippet.page}:{snippet.line}", shlex.split(match[1], comments=True)))
    return found


def parse(words: list[str]) -> None:
    """Read a command line as the tool does, without running it."""
    tool, command, *options = words[1:] if words[0] == "lucidseq" else [words[0].removeprefix("lucidseq-"), *words[1:]]
    group: Any = get_command(command_line(importlib.import_module(module_of(tool)).tool))
    with contextlib.suppress(typer.Exit):  # --help ends here
        group.commands[command].make_context(command, options)


COMMANDS = [(place, words) for place, words in lines_with("lucidseq[ -][a-z]+ [a-z]+ --") if "..." not in words]


def test_snippets__have_commands_from_every_tool() -> None:
    assert len(COMMANDS) >= 25
    tools = {(words[1] if words[0] == "lucidseq" else words[0].removeprefix("lucidseq-")) for _, words in COMMANDS}
    assert tools == set(TOOLS) - {"check"}


@pytest.mark.parametrize(("place", "words"), COMMANDS, ids=[f"{place}-{' '.join(words[:3])}" for place, words in COMMANDS])
def test_command__is_read_as_written(place: str, words: list[str]) -> None:
    parse(words)


def test_mistake__in_a_snippet_is_noticed() -> None:
    for line in ("lucidseq finemap locus --sumstat x --out y", "lucidseq-train fit --out y", "lucidseq encode ld --method planel --out y"):
        with pytest.raises(USAGE_ERROR):
            parse(shlex.split(line))


def test_pipeline_lines__name_parameters_profiles_and_workflows_that_exist() -> None:
    groups = json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values()
    rules = {name: rule for group in groups for name, rule in group["properties"].items()}
    profiles = set(re.findall(r"^    (\w+) \{$", (ROOT / "nextflow.config").read_text().partition("profiles {")[2], re.M))
    lines = lines_with("nextflow run ")
    assert len(lines) >= 5
    for place, words in lines:
        for flag, value in zip(words, [*words[1:], ""], strict=True):
            if flag.startswith("--"):
                assert flag[2:] in rules, (place, flag)
                assert value in rules[flag[2:]].get("enum", [value]), (place, flag, value)
            if flag == "-profile":
                assert set(value.split(",")) <= profiles, (place, value)


def test_make_lines__name_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    lines = lines_with("make ")
    assert len(lines) >= 4
    assert [(place, words) for place, words in lines if words[1].startswith("-") or words[1] not in targets] == []


# Not run: what takes long and is run elsewhere, and what needs files that are not here
PARSED_ALONE = {
    "lucidseq-simulate": "runs in the demo and in tests/simulate",
    "--chain": "lift over runs in tests/encode",
    "1kg_chr1": "LDGM runs in tests/encode",
    "--fasta GRCh38.fa --panel": "aligned to a panel in tests/encode",
    "--genotypes panel.genotypes.h5": "a panel runs in tests/encode",
    "--out genome": "a prior needs many blocks: it runs in tests/prior",
    "lucidseq-prior fit": "the same",
    "--prior-weights height": "the same",
    "lucidseq-encode sequences": "runs in tests/encode",
    "lucidseq-encode haplotypes": "runs in tests/encode",
}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the snippets name: those of Galaxy's tests, with the trait called height."""
    folder = tmp_path_factory.mktemp("snippets")
    copies = {
        "peaks.sequences.h5": "sequences.h5",
        "loci.bed": "loci.bed",
        "open.bed": "peaks.bed",
        "phylop.bw": "signal.bw",
        "genes.gtf": "genes.gtf",
        "sets.gmt": "pathways.gmt",
        "model.keras": "model.keras",
        "cohort.vcf.gz": "people.vcf.gz",
        "effects.tsv": "effects.tsv",
        "pcs.tsv": "covariates.tsv",
    }
    for name, source in copies.items():
        shutil.copyfile(DATA / source, folder / name)
    (folder / "effects.tsv.gz").write_bytes(gzip.compress((folder / "effects.tsv").read_bytes(), mtime=0))
    rows = [line.split("\t") for line in (DATA / "sumstats.tsv").read_text().splitlines()[1:]]
    weights = "".join(f"{row[1]}\t{row[2]}\t{row[3]}\t{row[4]}\t{1 + number % 3}\n" for number, row in enumerate(rows))
    (folder / "snpvar.22.gz").write_bytes(gzip.compress(b"CHR\tBP\tA1\tA2\tSNPVAR\n" + weights.encode(), mtime=0))
    (folder / "genome.fa").write_bytes(gzip.decompress((DATA / "genome.fa.gz").read_bytes()))
    (folder / "traits.tsv").write_text((DATA / "phenotypes.tsv").read_text().replace("\ttrait", "\theight"))
    lines = gzip.decompress((DATA / "people.vcf.gz").read_bytes()).decode().splitlines(keepends=True)
    head, rows = [line for line in lines if line[0] == "#"], [line for line in lines if line[0] != "#"]
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:]), 1):  # the small study has one contig: two files of it
        (folder / f"chr{number}.vcf").write_text("".join(head + part))
        pysam.tabix_compress(str(folder / f"chr{number}.vcf"), str(folder / f"chr{number}.vcf.gz"))
    run_ok("encode", "genotypes", "--genotypes", "cohort.vcf.gz", "--phenotypes", "traits.tsv", "--out", "individuals", cwd=folder)
    (folder / "individuals.genotypes.h5").rename(folder / "cohort.h5")
    return folder


def scripts() -> list[Snippet]:
    """Return the shell snippets of the tools' READMEs, in an order in which one finds what another wrote."""
    order = ["encode", "prior", "finemap", "enrich", "train", "attribute", "effects", "report"]
    blocks = {
        tool: [item for item in snippets() if item.page == f"tools/lucidseq/{tool}/README.md" and item.language in ("", "bash")]
        for tool in order
    }
    return [item for tool in order for item in blocks[tool]]


@pytest.mark.slow
def test_snippets_of_the_tools__run_as_written(staged: Path) -> None:
    ran = 0
    for snippet in scripts():
        for line in snippet.lines:
            if any(text in line for text in PARSED_ALONE) or line.split()[0] in ("xdg-open", "multiqc"):
                continue
            words = shlex.split(line, comments=True)
            if words[0].startswith("lucidseq-"):
                run_ok(words[0].removeprefix("lucidseq-"), *words[1:], cwd=staged)
            else:  # what shows results
                done = subprocess.run(["bash", "-eu", "-c", line], cwd=staged, capture_output=True, text=True, check=False)
                assert done.returncode == 0 and done.stdout, (snippet.page, line, done.stderr)
            ran += 1
    assert ran >= 20


PYTHON_FILES = {
    "height.sumstats.tsv.gz": "sumstats.tsv",
    "height.ld.h5": "ld.h5",
    "gwas.sumstats.tsv.gz": "prior_sumstats.tsv",
    "gwas.ld.h5": "prior_ld.h5",
    "gwas.annotations.h5": "prior_annotations.h5",
}


def test_snippets_of_python__run_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, source in PYTHON_FILES.items():
        data = (DATA / source).read_bytes()
        (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 10))
    y = X[:, 3] + rng.normal(size=200)
    z = np.array([0.1, 6.0, -0.3])
    ran = 0
    for snippet in snippets():
        if snippet.language == "python" and "bring-your-own" not in snippet.page:  # tests/nets runs those
            exec(compile("\n".join(snippet.lines), snippet.page, "exec"), {"X": X, "y": y, "z": z, "R": np.eye(3), "n": 500})
            ran += 1
    assert ran >= 2
