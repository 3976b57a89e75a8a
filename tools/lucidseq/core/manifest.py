"""Provenance: command, options, inputs and versions of a run. It holds only facts that a second run repeats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

import lucidseq
from lucidseq.core.app import Command
from lucidseq.core.options import Options, inputs_of, parameters_of

SCHEMA, SCHEMA_VERSION = "lucidseq.manifest", 2
_LIBRARIES = (
    "numpy",
    "pandas",
    "scipy",
    "h5py",
    "pysam",
    "cyvcf2",
    "pgenlib",
    "bgen",
    "tskit",
    "bioframe",
    "pybigtools",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "msprime",
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in slices."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def build(command: Command, options: Options) -> dict[str, Any]:
    """Describe a run; the document holds no path, time or host name, so that equal runs give equal bytes.

    Parameters
    ----------
    command, options
        Command and options of the run; options that are not files are its parameters.
    """
    methods = command.describe(options)
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "software": {"name": "lucidseq", "version": lucidseq.__version__},
        "tool": command.tool.name,
        "command": command.name,
        "parameters": {name: _plain(value) for name, value in sorted(parameters_of(options).items())},
        "inputs": {
            name: [{"name": path.name, "sha256": sha256(path)} for path in _files(paths)]
            for name, paths in sorted(inputs_of(options).items())
        },
        "methods": {
            "position": list(command.tool.commands).index(command.name),
            "text": methods.text,
            "citations": list(methods.citations),
        },
        "libraries": _versions(),
    }


_SETS = ((".bed", ".bim", ".fam"), (".pgen", ".pvar", ".psam"))


def _files(paths: list[Path]) -> list[Path]:
    """Return the files of paths: three of a PLINK set, named by its first file or its prefix; BGEN may have a .sample file; those of a folder."""
    all_files: list[Path] = []
    for path in paths:
        files = files_in(path) if path.is_dir() else [path] if path.is_file() else []
        for suffixes in _SETS:
            stem = path.with_suffix("") if path.suffix == suffixes[0] else path
            members = [stem.with_name(stem.name + suffix) for suffix in suffixes]
            if (path.suffix == suffixes[0] or not path.exists()) and all(file.is_file() for file in members):
                files = members
        sample_file = path.with_suffix(".sample")
        if path.suffix == ".bgen" and sample_file.is_file():
            files = [*files, sample_file]
        all_files += files
    return list(dict.fromkeys(all_files))


def files_in(folder: Path) -> list[Path]:
    """Return the files in a folder and its subfolders, in order; hidden ones are skipped."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def to_json(document: Mapping[str, Any]) -> str:
    """Return a manifest as JSON text with a final newline."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return value.name
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _versions() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
