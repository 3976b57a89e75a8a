"""Files that are whole but do not belong together: builds, samples, alleles, models; and studies too small to analyse."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from support import assert_bad_input, run_cli
from verification.small_chain import Call, Chain, describe

CALLS = {call.name: call for call in describe()}
Edit = Callable[[str], str]


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def edited(chain: Chain, call: Call, flag: str, edit: Edit, folder: Path) -> Path:
    """Write the input of an option, changed, as plain text."""
    source = call.inputs()[flag]
    changed = folder / source.name.removesuffix(".gz")
    changed.write_text(edit(text_of(chain.folder / source)))
    return changed


def renamed(text: str) -> str:
    return text.replace("chr", "scaffold")


def renamed_samples(text: str) -> str:
    return text.replace("person", "someone")


def swapped_reference(text: str) -> str:
    """Give the third variant a REF that the genome does not have there."""
    rows = text.splitlines(keepends=True)
    row = next(number for number, line in enumerate(rows) if not line.startswith("#")) + 2
    fields = rows[row].split("\t")
    fields[3] = next(base for base in "ACGT" if base not in fields[3:5])
    rows[row] = "\t".join(fields)
    return "".join(rows)


def without_samples(text: str) -> str:
    """Cut every line of a VCF before FORMAT."""
    lines = (line if line.startswith("##") else "\t".join(line.split("\t")[:8]) for line in text.splitlines())
    return "\n".join(lines) + "\n"


def first_rows(count: int) -> Edit:
    """Keep the header and ``count`` rows (for a VCF: and its ## lines)."""

    def cut(text: str) -> str:
        lines = text.splitlines(keepends=True)
        marked = sum(line.startswith("#") for line in lines) or 1
        return "".join(lines[: marked + count])

    return cut


MISTAKES: list[tuple[str, str, str, Edit, str]] = [
    # What is wrong, call, option, edit, what the message says
    ("contigs", "genotypes", "--region", renamed, "scaffold3"),
    ("contigs", "harmonised", "--fasta", renamed, "chr3"),
    ("contigs", "ld", "--loci", renamed, "scaffold3"),
    ("contigs", "structure", "--exclude-regions", renamed, "scaffold3"),
    ("samples", "structure", "--groups", renamed_samples, "no sample in common"),
    ("samples", "structure_given", "--split-table", renamed_samples, "no row for"),
    ("samples", "matrix", "--splits", first_rows(50), "no row for"),
    ("contigs", "dataset", "--regions", renamed, "scaffold1"),
    ("contigs", "dataset", "--fasta", renamed, "chr1"),
    ("contigs", "effects", "--variants", renamed, "same build and contig names"),
    ("contigs", "effects", "--fasta", renamed, "chr3"),
    ("contigs", "effects", "--regions", renamed, "same build and contig names"),
    ("contigs", "finemap_scored", "--loci", renamed, "same build, contig names"),
    ("contigs", "finemap_people", "--loci", renamed, "same build, contig names"),
    ("contigs", "genes", "--gtf", renamed, "scaffold"),
    ("variants", "ld", "--variants", renamed, "variant"),
    ("variants", "finemap_scored", "--sumstats", renamed, "variant"),
    ("variants", "genes", "--sumstats", renamed, "variant"),
    ("samples", "genotypes", "--phenotypes", renamed_samples, "someone00001"),
    ("samples", "genotypes", "--covariates", renamed_samples, "someone00001"),
    ("genes", "pathways", "--gene-sets", lambda text: text.replace("GENE", "ENSG"), "ENSG"),
    ("REF", "effects", "--variants", swapped_reference, "REF"),
    ("no samples", "genotypes", "--genotypes", without_samples, "sample"),
    ("one variant", "ld", "--variants", first_rows(1), "2 variants"),
    ("zero rows", "dataset", "--regions", lambda _: "# nothing\n", "no intervals"),
]


@pytest.mark.parametrize(
    ("name", "flag", "edit", "mention"), [case[1:] for case in MISTAKES], ids=[f"{case[0]}-{case[1]}{case[2]}" for case in MISTAKES]
)
def test_files_that_do_not_belong_together(name: str, flag: str, edit: Edit, mention: str, chain: Chain, tmp_path: Path) -> None:
    bad = edited(chain, CALLS[name], flag, edit, tmp_path)
    out = tmp_path / "out"
    result = run_cli(*CALLS[name].words(chain.folder, out / "run", {flag: bad}))
    assert_bad_input(result, mention, folder=out)


def test_scores_of_another_build__are_refused_by_the_card(chain: Chain, tmp_path: Path) -> None:
    bad = edited(chain, CALLS["finemap_scored"], "--scores", renamed, tmp_path)
    words = CALLS["finemap_scored"].words(chain.folder, tmp_path / "out" / "run", {"--scores": bad})
    result = run_cli(*words, "--strict")
    assert result.returncode == 5, result.stderr
    assert "refuse  share of variants with a functional score: 0" in result.stderr


ONE_VARIANT = [
    ("genotypes", "--genotypes"),
    ("harmonised", "--input"),
    ("effects", "--variants"),
    ("finemap_scored", "--sumstats"),
    ("genes", "--sumstats"),
    ("pathways", "--genes"),
]


@pytest.mark.parametrize(("name", "flag"), ONE_VARIANT)
def test_one_variant__works_or_is_refused_in_three_parts(name: str, flag: str, chain: Chain, tmp_path: Path) -> None:
    one = edited(chain, CALLS[name], flag, first_rows(1), tmp_path)
    result = run_cli(*CALLS[name].words(chain.folder, tmp_path / "out" / "run", {flag: one}))
    if result.returncode != 0:
        assert_bad_input(result, folder=tmp_path / "out")


@pytest.mark.parametrize("name", ["fit", "predict", "maps"])
def test_dataset_with_targets_that_are_no_number(name: str, chain: Chain, tmp_path: Path) -> None:
    """Training refuses them; commands that read no targets do not mind."""
    call = CALLS[name]
    bad = tmp_path / "nan.sequences.h5"
    bad.write_bytes((chain.folder / call.inputs()["--dataset"]).read_bytes())
    with h5py.File(bad, "r+") as store:
        store["target"][...] = np.nan
    result = run_cli(*call.words(chain.folder, tmp_path / "out" / "run", {"--dataset": bad}))
    if name == "fit":
        assert_bad_input(result, bad.name, folder=tmp_path / "out")
    else:
        assert result.returncode == 0, result.stderr


MODEL_CALLS = [name for name, call in CALLS.items() if "--model" in call.inputs()]


@pytest.mark.parametrize("name", MODEL_CALLS)
def test_model_with_a_lambda_layer__runs_no_code(name: str, chain: Chain, tmp_path: Path) -> None:
    bad = tmp_path / "lambda.keras"
    rewrite_model(chain.folder / CALLS[name].inputs()["--model"], bad, with_lambda)
    result = run_cli(*CALLS[name].words(chain.folder, tmp_path / "out" / "run", {"--model": bad}))
    assert_bad_input(result, bad.name, "Lambda", folder=tmp_path / "out")


@pytest.mark.parametrize("name", MODEL_CALLS)
def test_model_for_another_length(name: str, chain: Chain, tmp_path: Path) -> None:
    """A model of 200 bases, data of 60: nothing is padded in silence."""
    flags: dict[str, object] = {"--dataset": chain.folder / "labelled/labelled.sequences.h5"}
    if name == "effects":
        flags = {"--window": 60}
    result = run_cli(*CALLS[name].words(chain.folder, tmp_path / "out" / "run", flags))
    assert_bad_input(result, "200", "60", folder=tmp_path / "out", exit_code=2 if result.returncode == 2 else 3)


def rewrite_model(source: Path, target: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Copy a ``.keras`` archive with a changed configuration."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.namelist():
            data = old.read(entry)
            if entry == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            new.writestr(entry, data)


def with_lambda(config: dict[str, object]) -> None:
    """Turn the last layer into a Lambda layer with code in it."""
    found = [layer for layer in _layers(config) if layer.get("class_name") == "Activation" or layer.get("class_name") == "Dense"]
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
    found[-1]["class_name"] = "Lambda"
    found[-1]["config"] = {"name": found[-1]["config"]["name"], "function": code}  # type: ignore[index]


def _layers(value: object) -> list[dict[str, object]]:
    if isinstance(value, list):
        return [layer for item in value for layer in _layers(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if "class_name" in value and "name" in value else []
    return own + [layer for item in value.values() for layer in _layers(item)]


def test_correlations_that_cannot_be__are_refused(chain: Chain, tmp_path: Path) -> None:
    call = CALLS["pathways"]
    genes = [line.split("\t")[0] for line in text_of(chain.folder / call.inputs()["--genes"]).splitlines()[1:4]]
    pairs = [(genes[0], genes[1], 0.9), (genes[1], genes[2], 0.9), (genes[0], genes[2], -0.9)]
    bad = tmp_path / "impossible.tsv"
    for rows, mention in ((pairs, "not positive definite"), ([(*genes[:2], 1.5)], "line 2")):
        lines = ("\t".join(map(str, row)) for row in rows)
        bad.write_text("gene_id_1\tgene_id_2\tcorrelation\n" + "\n".join(lines) + "\n")
        result = run_cli(*call.words(chain.folder, tmp_path / "out" / "run", {"--correlations": bad}))
        assert_bad_input(result, bad.name, mention, folder=tmp_path / "out")


def test_store_with_a_broken_object_header__is_named(chain: Chain, tmp_path: Path) -> None:
    """h5py raises KeyError, not OSError, where the header of an array is damaged."""
    call = CALLS["ld"]
    source = chain.folder / call.inputs()["--genotypes"]
    with h5py.File(source) as store:
        address = h5py.h5o.get_info(store["dosage" if "dosage" in store else "calls"].id).addr
    content = bytearray(source.read_bytes())
    content[address + 8 : address + 16] = bytes(8)
    bad = tmp_path / "bad.genotypes.h5"
    bad.write_bytes(content)
    result = run_cli(*call.words(chain.folder, tmp_path / "out" / "run", {"--genotypes": bad}))
    assert_bad_input(result, bad.name, "damaged", folder=tmp_path / "out")


def test_two_loci_with_one_name__point_at_the_bed_file(chain: Chain, tmp_path: Path) -> None:
    for name in ("finemap_scored", "finemap_people", "ld"):
        call = CALLS[name]
        bad = edited(chain, call, "--loci", lambda text: text.replace("locus2", "locus1"), tmp_path)
        result = run_cli(*call.words(chain.folder, tmp_path / "out" / "run", {"--loci": bad}))
        assert_bad_input(result, "locus1", str(bad), folder=tmp_path / "out")
