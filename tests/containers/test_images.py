"""The images: what is in them, how large they are, whether the tools run in them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sequence_sets import planted_dataset
from support import run_ok

sys.path.insert(0, str(Path(__file__).parent))
from machine import NOTED, Image, build, checksums, run

from lucidseq import __version__
from lucidseq.contract.model import images as read_images

pytestmark = pytest.mark.containers
MEGABYTES = {"core": 600, "nets": 2000}
IMPORTS = {
    "core": [
        "pysam",
        "cyvcf2",
        "pgenlib",
        "bgen",
        "tskit",
        "bioframe",
        "pybigtools",
        "h5py",
        "pandas",
        "scipy.stats",
        "matplotlib.pyplot",
        "logomaker",
        "jinja2",
        "jsonschema",
    ],
    "nets": [
        "pysam",
        "cyvcf2",
        "bioframe",
        "pybigtools",
        "h5py",
        "pandas",
        "scipy.stats",
        "matplotlib.pyplot",
        "logomaker",
        "keras",
        "tensorflow",
    ],
    "motifs": [
        "pysam",
        "bioframe",
        "pybigtools",
        "h5py",
        "pandas",
        "scipy.stats",
        "matplotlib.pyplot",
        "logomaker",
        "memelite",
        "modiscolite",
        "igraph",
        "leidenalg",
    ],
    "simulate": ["pysam", "cyvcf2", "bioframe", "h5py", "pandas", "scipy.stats", "msprime", "pyjaspar"],
}
GPL = {"simulate": {"msprime"}, "motifs": {"igraph", "leidenalg"}}


@pytest.mark.parametrize("tool", read_images())
def test_tool__says_its_version_without_root_network_or_writable_files(images: dict[str, Image], tool: str) -> None:
    said = run(images[read_images()[tool]], f"lucidseq-{tool}", "--version")
    assert said == f"lucidseq-{tool} {__version__}\n"


@pytest.mark.parametrize("name", IMPORTS)
def test_libraries__import(images: dict[str, Image], name: str) -> None:
    lines = "".join(f"import {module}\n" for module in IMPORTS[name])
    assert run(images[name], "python", "-c", lines + "print('ok')") == "ok\n"


@pytest.mark.parametrize("name", MEGABYTES)
def test_size__is_within_its_bar(images: dict[str, Image], name: str) -> None:
    size = images[name].facts["Size"]
    print(f"{name}: {size / 1e6:.0f} MB")
    assert size <= MEGABYTES[name] * 1e6


def test_tensorflow__imports_within_eight_seconds(images: dict[str, Image]) -> None:
    code = "import time; start = time.perf_counter(); import tensorflow; print(time.perf_counter() - start)"
    run(images["nets"], "python", "-c", code)  # the files come from the disk once
    seconds = float(run(images["nets"], "python", "-c", code))
    print(f"import tensorflow: {seconds:.1f} s")
    assert seconds <= 8


@pytest.mark.parametrize("name", IMPORTS)
def test_image__is_plain(images: dict[str, Image], name: str) -> None:
    image = images[name]
    config = image.facts["Config"]
    assert not config.get("User")
    assert not config.get("Entrypoint")
    assert config["Cmd"] == ["bash"]
    assert "HOME=/tmp" in config["Env"]
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    assert set(labels) == {"title", "description", "version", "licenses", "authors", "vendor"}
    assert labels["version"] == __version__
    assert ("GPL" in labels["licenses"]) == (name in GPL)
    found = run(image, "bash", "-c", "command -v ps bash python; command -v pip pip3 clang gcc; true").split()
    assert [Path(path).name for path in found] == ["ps", "bash", "python"]
    code = "import importlib.metadata as m; print(*[d.name.lower() for d in m.distributions()])"
    packages = set(run(image, "python", "-c", code).split())
    assert "pip" not in packages
    assert packages & set().union(*GPL.values()) == GPL.get(name, set())


@pytest.mark.parametrize("name", IMPORTS)
def test_bytecode__is_there_and_never_compared_with_the_source(images: dict[str, Image], name: str) -> None:
    code = """
import json, pathlib, importlib.util, sysconfig
files = [*pathlib.Path(sysconfig.get_path("purelib")).rglob("*.pyc"), pathlib.Path(importlib.util.cache_from_source(json.__file__))]
print(len(files), {int.from_bytes(file.read_bytes()[4:8], "little") for file in files})
"""
    count, flags = run(images[name], "python", "-c", code).split(maxsplit=1)
    assert int(count) > 1000
    assert flags == "{1}\n"  # PEP 552: by hash, unchecked


def test_motifs__holds_the_suite(images: dict[str, Image]) -> None:
    assert run(images["motifs"], "lucidseq-check", "--version") == f"lucidseq-check {__version__}\n"


@pytest.mark.slow
def test_gpu_image__computes_on_the_processor_where_no_gpu_is(gpu_image: Image, tmp_path: Path) -> None:
    """All its layers but CUDA's wheels."""
    assert gpu_image.name == f"lucidseq/nets:{__version__}-gpu-without-cuda"
    variables = dict(entry.split("=", 1) for entry in gpu_image.facts["Config"]["Env"])
    assert variables["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert variables["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
    code = "import tensorflow as tf; print(tf.test.is_built_with_cuda(), tf.config.list_physical_devices('GPU'))"
    assert run(gpu_image, "python", "-c", code) == "True []\n"
    dataset = planted_dataset(tmp_path / "toy.sequences.h5")
    tmp_path.chmod(0o777)
    mount = (f"--volume={tmp_path}:{tmp_path}", f"--workdir={tmp_path}")
    words = ["--filters", 4, "--epochs", 1, "--mixed-precision", "--out", "toy"]
    run(gpu_image, "lucidseq-train", "fit", "--dataset", dataset, *words, options=mount)
    assert (tmp_path / "toy.keras").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["core", "nets"])
def test_image__built_anew_has_the_same_digest(images: dict[str, Image], capsys: pytest.CaptureFixture[str], name: str) -> None:
    again = build(name, "--no-cache", "--registry", "localhost/again", "--check-lock", str(NOTED))
    assert capsys.readouterr().out.endswith(f"\nlucidseq/{name}:{__version__}: as locked\n")
    assert again.name != images[name].name
    assert again.identity == images[name].identity


def test_command__writes_the_bytes_of_the_plain_call(images: dict[str, Image], tmp_path: Path) -> None:
    words = ["simulate", "sequences", "--positives", "30", "--negatives", "30", "--seed", "3", "--out", "toy"]
    plain, contained = tmp_path / "plain", tmp_path / "contained"
    for folder in (plain, contained):
        folder.mkdir()
        folder.chmod(0o777)
    run_ok(*words, cwd=plain)
    mount = (f"--volume={contained}:{contained}", f"--workdir={contained}")
    run(images["simulate"], "lucidseq", *words, options=mount)
    study(plain)
    (contained / "toy.vcf").write_bytes((plain / "toy.vcf").read_bytes())
    encode = ["encode", "genotypes", "--genotypes", "toy.vcf", "--min-frequency", "0", "--out", "people"]
    run_ok(*encode, cwd=plain)
    run(images["core"], "lucidseq", *encode, options=mount)
    written = checksums(plain)
    assert {"toy.fa", "toy.truth.h5", "people.genotypes.h5"} <= set(written)
    assert checksums(contained) == written


def study(folder: Path) -> None:
    """Write a small VCF: 4 variants of 6 people."""
    people = "\t".join(f"s{index}" for index in range(6))
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=chr1,length=100000>", '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    lines.append(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{people}")
    genotypes = ["0/0", "0/1", "1/1", "0/1", "0/0", "0/1"]
    for index in range(4):
        turned = genotypes[index:] + genotypes[:index]
        lines.append(f"chr1\t{1000 * (index + 1)}\trs{index}\tA\tG\t.\tPASS\t.\tGT\t" + "\t".join(turned))
    (folder / "toy.vcf").write_text("\n".join(lines) + "\n")
