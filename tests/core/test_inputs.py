"""Inputs: streams are read whole and once, names that cannot be recorded are refused, nothing in them steers a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lucidseq.core.log import printable
from support import assert_bad_input, run_process

SETS = "".join(f"SET{number}\tdescription of some length\t{chr(9).join(f'GENE{i}' for i in range(20))}\n" for number in range(200))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of genes, their correlations, and gene sets of more than one buffer."""
    folder = tmp_path_factory.mktemp("genes")
    header = "gene_id gene_name contig start end strand n_variants effective_variants statistic p_value z q_value"
    rows = [f"E{i} GENE{i} chr1 {i}00 {i}50 + 3 2 3 0.5 {i % 7 - 3} 0.5" for i in range(60)]
    (folder / "genes.tsv").write_text("\n".join([header, *rows, ""]).replace(" ", "\t"))
    (folder / "pairs.tsv").write_text("gene_id_1\tgene_id_2\tcorrelation\n")
    (folder / "sets.gmt").write_text(SETS)
    return folder


def words(files: Path, sets: object, out: Path) -> list[str]:
    options = {"--genes": files / "genes.tsv", "--correlations": files / "pairs.tsv", "--gene-sets": sets, "--out": out}
    return ["enrich", "pathways", "--permutations", "100", *(str(item) for pair in options.items() for item in pair)]


@pytest.mark.parametrize("how", ["-", "/dev/stdin", "fifo"])
def test_stream__is_read_whole_and_has_its_checksum(how: str, files: Path, tmp_path: Path) -> None:
    assert run_process(*words(files, files / "sets.gmt", tmp_path / "file")).returncode == 0
    source = how
    if how == "fifo":
        os.mkfifo(tmp_path / "fifo")
        source = str(tmp_path / "fifo")
        writer = subprocess.Popen(["sh", "-c", 'cat "$1" > "$2"', "sh", str(files / "sets.gmt"), source])
    line = [sys.executable, "-m", "lucidseq", *words(files, source, tmp_path / "stream")]
    done = subprocess.run(line, input=None if how == "fifo" else SETS, capture_output=True, text=True, timeout=120, check=False)
    if how == "fifo":
        writer.wait(timeout=30)
    assert done.returncode == 0, done.stderr
    tables = [(tmp_path / f"{name}.pathways.tsv").read_bytes() for name in ("file", "stream")]
    assert tables[0] == tables[1] and len(tables[0].splitlines()) > 200
    manifests = [json.loads((tmp_path / f"{name}.enrich_pathways.manifest.json").read_text()) for name in ("file", "stream")]
    assert manifests[0]["inputs"]["gene_sets"][0]["sha256"] == manifests[1]["inputs"]["gene_sets"][0]["sha256"]


def test_name_that_is_not_utf8__is_refused_before_the_work(files: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/sets\xff.gmt")
    Path(odd).write_text(SETS)
    assert_bad_input(run_process(*words(files, odd, tmp_path / "out" / "x")), "not UTF-8", folder=tmp_path / "out")
    result = run_process(*words(files, files / "sets.gmt", Path(os.fsdecode(os.fsencode(tmp_path) + b"/out\xff"))))
    assert result.returncode == 3 and "--out" in result.stderr


def test_control_characters_of_a_file__do_not_reach_the_terminal(files: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gmt"
    bad.write_text("S\x1b[2J\x07ET\t\t\n")
    result = run_process(*words(files, bad, tmp_path / "out" / "x"))
    assert_bad_input(result, "x1b[2J", folder=tmp_path / "out")
    assert not [letter for letter in result.stderr if not letter.isprintable() and letter not in "\n\t"]


@pytest.mark.parametrize(
    ("text", "shown"), [("a\tb\n", "a\tb\n"), ("\x1b]0;x\x07", "\\x1b]0;x\\x07"), ("é結", "é結"), ("\u202e", "\\u202e")]
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
