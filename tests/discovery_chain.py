"""The discovery chain on the demo's data as plain command lines, and digests of what a chain writes, whoever ran it.

Files lie as the pipeline publishes them: ``<tool>/<command>/<prefix><suffix>``.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "build" / "identity"
# Command -> prefix of its outputs, and its options as the pipeline's profile `test` has them; {..} are files of earlier commands.
# One thread, as the pipeline's profile gives: another number can change last digits.
CHAIN = {
    "simulate locus": ("simulated", ""),
    "encode sequences": (
        "sequences",
        "--fasta {simulate/locus/simulated.fa} --regions {simulate/locus/simulated.peaks.bed} --signal {simulate/locus/simulated.signal.bw}"
        " --window 200 --negatives gc-matched --test-contigs chr5 --valid-contigs chr4 --build simulated",
    ),
    "train fit": ("model", "--dataset {encode/sequences/sequences.sequences.h5} --threads 1"),
    "train predict": ("model", "--model {train/fit/model.keras} --dataset {encode/sequences/sequences.sequences.h5} --threads 1"),
    "train evaluate": ("model", "--predictions {train/predict/model.predictions.tsv.gz}"),
    "attribute maps": ("model", "--model {train/fit/model.keras} --dataset {encode/sequences/sequences.sequences.h5} --threads 1"),
    "effects variants": (
        "model",
        "--model {train/fit/model.keras} --variants {simulate/locus/simulated.vcf.gz} --fasta {simulate/locus/simulated.fa}"
        " --regions {simulate/locus/simulated.loci.bed} --threads 1",
    ),
    "encode genotypes": (
        "simulated",
        "--genotypes {simulate/locus/simulated.vcf.gz} --phenotypes {simulate/locus/simulated.phenotypes.tsv} --build simulated",
    ),
    "encode sumstats": ("simulated.trait", "--genotypes {encode/genotypes/simulated.genotypes.h5} --trait trait --threads 1"),
    "encode ld": (
        "simulated.trait",
        "--genotypes {encode/genotypes/simulated.genotypes.h5} --loci {simulate/locus/simulated.loci.bed} --trait trait --threads 1",
    ),
    "finemap locus": (
        "simulated.trait",
        "--sumstats {encode/sumstats/simulated.trait.sumstats.tsv.gz} --ld {encode/ld/simulated.trait.ld.h5}"
        " --scores {effects/variants/model.effects.tsv.gz} --threads 1",
    ),
    "enrich genes": (
        "simulated.trait",
        "--sumstats {encode/sumstats/simulated.trait.sumstats.tsv.gz} --ld {encode/ld/simulated.trait.ld.h5}"
        " --gtf {simulate/locus/simulated.gtf} --pips {finemap/locus/simulated.trait.pips.tsv.gz}",
    ),
    "enrich pathways": (
        "simulated.trait",
        "--genes {enrich/genes/simulated.trait.genes.tsv} --correlations {enrich/genes/simulated.trait.gene_correlations.tsv.gz}"
        " --gene-sets {simulate/locus/simulated.gmt}",
    ),
}


def plain_run() -> Path:
    """Run the chain by plain command lines and return its folder; kept until the code changes, for other test runs and those beside this one."""
    folder = HOME / code_digest()
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for old in HOME.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            run_chain(folder)
    return folder


def run_chain(folder: Path) -> None:
    """Run every command of the chain by its console script."""
    for command, (prefix, options) in CHAIN.items():
        tool, name = command.split()
        (folder / tool / name).mkdir(parents=True)
        words = options.replace("{", f"{folder}/").replace("}", "").split()
        line = [str(Path(sys.executable).with_name("lucidseq")), tool, name, *words, "--quiet"]
        done = subprocess.run(
            [*line, "--out", str(folder / tool / name / prefix)], capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"{' '.join(line)}\n{done.stderr}"
    (folder / "complete").touch()


def code_digest() -> str:
    """Return a digest of the package's code and of the versions it runs with."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in [*sorted((ROOT / "tools" / "lucidseq").rglob("*.py")), ROOT / "requirements" / "dev.txt"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of each table and interval file, and of the arrays in each store and model, by its place in the folder."""
    found = {}
    for command in CHAIN:
        for path in sorted((folder / command.replace(" ", os.sep)).iterdir()):
            value = digest_of(path)
            if value:
                found[str(path.relative_to(folder))] = value
    return found


def digest_of(path: Path) -> str | None:
    """Return the digest of one file's content; None for kinds that are not compared (cards and manifests name paths, logos are pictures)."""
    if path.suffix in (".tsv", ".bed", ".meme"):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if path.name.endswith((".tsv.gz", ".vcf.gz")):
        return hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    if path.suffix == ".h5":
        return arrays_digest(path.read_bytes())
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            return arrays_digest(archive.read("model.weights.h5"))
    return None


def arrays_digest(data: bytes) -> str:
    """Return a digest of every array of an HDF5 file: its name, kind, shape and values."""
    digest = hashlib.sha256()

    def add(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            values = item[()]
            kind = getattr(values, "dtype", np.dtype(object))
            text = repr(np.asarray(values).tolist()).encode() if kind.hasobject else np.ascontiguousarray(values).tobytes()
            digest.update(f"{name} {item.dtype} {item.shape}\n".encode() + text)

    with h5py.File(io.BytesIO(data)) as store:
        store.visititems(add)
    return digest.hexdigest()
