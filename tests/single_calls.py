"""Commands that no named pipeline calls yet, each once on the Galaxy suite's test data: the same call for a plain command line, a Nextflow process
and a Galaxy job."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discovery_chain import ROOT, digest_of
from lucidseq.contract.model import CommandContract, read_contract

DATA = ROOT / "tools" / "galaxy" / "test-data"
PREFIX = "out"


@dataclass(frozen=True)
class Call:
    """One call of a command.

    Attributes
    ----------
    files
        Test data by option.
    options
        The other options, as on a command line.
    form
        Where the Galaxy form has a file, when it is not at the top (section or conditional, then the parameter).
    settings
        The form's other settings, by their place.
    """

    files: dict[str, list[str]]
    options: str = ""
    form: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


CALLS = {
    "encode_structure": Call(
        {"genotypes": ["people.genotypes.h5"]},
        "--components 3 --folds 4 --threads 1",
        settings={"how|by": "relatedness", "sizes|folds": 4, "pca|components": 3},
    ),
    "encode_matrix": Call({"genotypes": ["people.genotypes.h5"], "splits": ["splits.tsv"]}),
    "encode_haplotypes": Call(
        {"genotypes": ["people.vcf.gz"], "mask": ["peaks.bed"]},
        "--window-size 50000 --build simulated",
        {"genotypes": "source|genotypes", "mask": "callable|mask"},
        {"source|kind": "variants", "laid|by": "size", "laid|window_size": 50000, "build": "simulated"},
    ),
    "encode_annotations": Call(
        {
            "variants": ["people.genotypes.h5"],
            "bed": ["peaks.bed"],
            "distance": ["loci.bed"],
            "signal": ["signal.bw"],
            "gtf": ["genes.gtf"],
            "table": ["effects.tsv"],
        },
        "--flank 20",
        {
            "variants": "annotated|variants",
            "table": "annotated|table",
            "bed": "intervals|bed",
            "distance": "intervals|distance",
            "signal": "tracks|signal",
            "gtf": "genes|gtf",
        },
        {"annotated|by": "variants", "tracks|flank": 20},
    ),
    "encode_sequences": Call(
        {"fasta": ["genome.fa.gz"], "gtf": ["genes.gtf"], "signal": ["signal.bw"], "variants": ["people.vcf.gz"]},
        "--window 200 --bin-size 50 --stranded --near-copies separate",
        {"fasta": "data|genome|fasta", "gtf": "data|gtf", "signal": "data|signal", "variants": "data|variants"},
        {
            "data|kind": "starts",
            "data|genome|source": "history",
            "data|bin_size": 50,
            "data|stranded": True,
            "window": 200,
            "splits|near_copies": "separate",
        },
    ),
    "prior_fit": Call(
        {"sumstats": ["prior_sumstats.tsv"], "ld": ["prior_ld.h5"], "annotations": ["prior_annotations.h5"]},
        "--keep 1 --model mlp --hidden 4 --epochs 3 --threads 1",
        settings={"keep": 1, "model": "mlp", "training|hidden": 4, "training|epochs": 3},
    ),
}
KINDS = {".h5": "h5", ".bed": "bed", ".bw": "bigwig", ".gtf": "gtf", ".tsv": "tabular", ".vcf.gz": "vcf_bgzip", ".fa.gz": "fasta.gz"}


def contract() -> dict[str, CommandContract]:
    """Return the contract of the commands called."""
    return {command.name: command for command in read_contract() if command.name in CALLS}


def plain_calls(folder: Path) -> dict[str, str]:
    """Run every call as a plain command line and return its digests."""
    for name, call in CALLS.items():
        (folder / name).mkdir(parents=True)
        words = [word for option, files in call.files.items() for file in files for word in (f"--{option}", str(DATA / file))]
        line = [str(Path(sys.executable).with_name("lucidseq")), *name.split("_", 1), *words, *call.options.split(), "--quiet"]
        done = subprocess.run([*line, "--out", str(folder / name / PREFIX)], capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{' '.join(line)}\n{done.stderr}"
    return digests(folder)


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of each table and store by command and name."""
    found = {}
    for name in CALLS:
        for path in sorted((folder / name).iterdir()):
            value = digest_of(path)
            if value:
                found[f"{name}/{path.name}"] = value
    return found


def write_pipeline(folder: Path) -> Path:
    """Write a pipeline that calls each process once, with a configuration of its options beside it; return its folder."""
    commands = contract()
    lines = [
        f"include {{ {command.process} }} from '{ROOT}/modules/{command.tool}/{command.command}/main.nf'"
        for name, command in commands.items()
    ]
    lines += ["", "workflow {", "    main:"]
    config = [f"includeConfig '{ROOT}/nextflow.config'", "process {"]
    for name, command in commands.items():
        call = CALLS[name]
        values = [", ".join(f"file('{DATA / file}')" for file in call.files.get(option.name, [])) for option in command.inputs]
        lines.append(f"    {command.process}(channel.of([[id: '{PREFIX}'], {', '.join(f'[{value}]' for value in values)}]))")
        config.append(
            f"    withName: '{command.process}' {{ ext.args = '{call.options}'; publishDir = [path: \"${{params.outdir}}/{name}\", mode: 'copy'] }}"
        )
    folder.mkdir(parents=True)
    (folder / "main.nf").write_text("\n".join([*lines, "}", ""]))
    (folder / "nextflow.config").write_text("\n".join([*config, "}", ""]))
    return folder
