"""The whole chain on a tiny simulated study, with each command line kept so that tests can run it again, changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Call:
    """One command line. Paths of inputs are `Path` objects relative to the chain's folder."""

    name: str
    tool: str
    command: str
    options: tuple[tuple[str, object], ...]

    @property
    def prefix(self) -> Path:
        """Where the chain writes, relative to its folder."""
        return Path(self.name) / self.name

    def inputs(self) -> dict[str, Path]:
        """Input options and the (first) file of each."""
        found: dict[str, Path] = {}
        for flag, value in self.options:
            if isinstance(value, Path):
                found.setdefault(flag, value)
        return found

    def words(self, folder: Path, out: Path, changed: Mapping[str, object] | None = None) -> list[object]:
        """Return the command line with inputs under ``folder``, outputs at ``out`` and some options changed (first one counts).

        An option changed to None is left out; one the call does not have is added.
        """
        left = dict(changed or {})
        words: list[object] = [self.tool, self.command]
        for flag, value in self.options:
            if flag in left:
                value = left.pop(flag)
            elif isinstance(value, Path):
                value = folder / value
            words += [] if value is None else [flag] if value is True else [flag, value]
        for flag, value in left.items():
            words += [flag] if value is True else [flag, value]
        return [*words, "--out", out]


@dataclass(frozen=True)
class Chain:
    """The chain as it ran: its folder, its calls in order, and what each said."""

    folder: Path
    calls: dict[str, Call]
    said: dict[str, subprocess.CompletedProcess[str]]

    def outputs(self, name: str) -> dict[str, str]:
        """SHA-256 of every file that a call wrote, by name."""
        return checksums((self.folder / self.calls[name].prefix).parent)


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under a folder, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def study(**options: object) -> tuple[tuple[str, object], ...]:
    """Options from names."""
    return tuple((f"--{name.replace('_', '-')}", value) for name, value in options.items())


def describe() -> list[Call]:
    """Return every call of the chain, in order; each input option of each command is used at least once."""
    made = lambda name, suffix: Path(name) / f"{name}{suffix}"  # noqa: E731 - a name for a pattern of names
    extra = Path("extra")
    locus = lambda suffix: made("locus", suffix)  # noqa: E731
    store, model = made("genotypes", ".genotypes.h5"), made("fit", ".keras")
    dataset, sumstats, ld = made("dataset", ".sequences.h5"), made("sumstats", ".sumstats.tsv.gz"), made("ld", ".ld.h5")
    pips, scores = made("finemap_scored", ".pips.tsv.gz"), made("effects", ".effects.tsv.gz")
    genes, correlations = made("genes", ".genes.tsv"), made("genes", ".gene_correlations.tsv.gz")
    results = [
        pips,
        made("finemap_scored", ".credible_sets.tsv"),
        made("finemap_scored", ".loci.tsv"),
        sumstats,
        ld,
        genes,
        made("pathways", ".pathways.tsv"),
        made("evaluate", ".metrics.tsv"),
        made("evaluate", ".curves.tsv"),
        made("fit", ".history.tsv"),
        made("maps", ".attributions.h5"),
        scores,
        *(
            made(name, f".{tool}.{kind}.json")
            for kind in ("card", "manifest")
            for name, tool in (("finemap_scored", "finemap_locus"), ("fit", "train_fit"), ("genotypes", "encode_genotypes"))
        ),
    ]
    return [
        Call(
            "locus",
            "simulate",
            "locus",
            study(
                training_contigs=2,
                training_length=200_000,
                genotyped_length=200_000,
                peaks=200,
                samples=120,
                causal_variants=2,
                min_distance=20_000,
                loci=2,
                gene_sets=3,
                seed=3,
            ),
        ),
        Call(
            "codes",
            "simulate",
            "sequences",
            study(motifs=extra / "motifs.jaspar", core_motifs="ALPHA,BETA", background_motifs=2, positives=60, negatives=60, length=60),
        ),
        Call(
            "genotypes",
            "encode",
            "genotypes",
            study(
                genotypes=locus(".vcf.gz"),
                phenotypes=locus(".phenotypes.tsv"),
                covariates=extra / "covariates.tsv",
                region=extra / "region.bed",
                sex=extra / "sexes.tsv",
                samples=extra / "everyone.txt",
                build="simulated",
            ),
        ),
        Call("array", "encode", "genotypes", study(genotypes=extra / "array.bgen", sample=extra / "named.sample")),
        Call(
            "structure",
            "encode",
            "structure",
            study(genotypes=store, groups=extra / "villages.tsv", exclude_regions=extra / "inversion.bed", components=3, max_kinship=0.4),
        ),
        Call(
            "structure_given",
            "encode",
            "structure",
            study(genotypes=store, split_table=made("structure", ".splits.tsv"), components=2, max_kinship=0.4),
        ),
        Call("matrix", "encode", "matrix", study(genotypes=store, splits=made("structure", ".splits.tsv"))),
        Call("sumstats", "encode", "sumstats", study(genotypes=store, trait="trait")),
        Call(
            "harmonised",
            "encode",
            "sumstats",
            study(input=extra / "gwas.tsv", fasta=locus(".fa"), panel=store, chain=extra / "same.chain", n=120, export="gwas-vcf"),
        ),
        Call("exported", "encode", "sumstats", study(input=extra / "gwas.tsv", n=120, export="ldsc")),
        Call("ld", "encode", "ld", study(genotypes=store, loci=locus(".loci.bed"), trait="trait", variants=sumstats)),
        Call(
            "ld_found", "encode", "ld", study(genotypes=store, min_block=10, max_block=40, ld_scores=True, shrinkage="auto", low_rank=0.9)
        ),
        Call("ld_published", "encode", "ld", study(input=extra / "ld.txt", input_variants=extra / "ld.bim", n_ref=120, build="simulated")),
        Call(
            "dataset",
            "encode",
            "sequences",
            study(
                fasta=locus(".fa"),
                regions=locus(".peaks.bed"),
                signal=locus(".signal.bw"),
                window=200,
                negatives="gc-matched",
                test_contigs="chr3",
                valid_contigs="chr2",
                build="simulated",
            ),
        ),
        Call("classes", "encode", "sequences", study(positive=extra / "positive.fa", negative=extra / "negative.fa")),
        Call("labelled", "encode", "sequences", study(fasta=Path("codes/codes.fa"), labels=Path("codes/codes.labels.tsv"))),
        Call(
            "starts",
            "encode",
            "sequences",
            study(
                fasta=extra / "masked.fa",
                gtf=locus(".gtf"),
                window=200,
                signal=locus(".signal.bw"),
                bin_size=50,
                blacklist=extra / "inversion.bed",
                negatives="gc-repeat-matched",
                negatives_from=locus(".peaks.bed"),
                variants=locus(".vcf.gz"),
                samples=extra / "names.txt",
                near_copies="separate",
            ),
        ),
        Call("arrays", "encode", "sequences", study(one_hot=extra / "one_hot.h5")),
        Call(
            "haplotypes",
            "encode",
            "haplotypes",
            study(
                genotypes=locus(".vcf.gz"),
                window_size=50_000,
                genome=extra / "region.bed",
                accessible=extra / "region.bed",
                mask=extra / "inversion.bed",
                samples=extra / "names.txt",
                ancestral=locus(".fa"),
            ),
        ),
        Call("haplotypes_given", "encode", "haplotypes", study(genotypes=locus(".vcf.gz"), windows=locus(".loci.bed"), calls="dosages")),
        Call("fit", "train", "fit", study(dataset=dataset, epochs=2, filters=4, architecture="cnn-shallow")),
        Call("predict", "train", "predict", study(model=model, dataset=dataset)),
        Call("evaluate", "train", "evaluate", study(predictions=made("predict", ".predictions.tsv.gz"), bootstrap_samples=50)),
        Call("maps", "attribute", "maps", study(model=model, dataset=dataset, max_sequences=6, references=4, logos=1)),
        Call(
            "effects", "effects", "variants", study(model=model, variants=locus(".vcf.gz"), fasta=locus(".fa"), regions=locus(".loci.bed"))
        ),
        Call(
            "annotations",
            "encode",
            "annotations",
            study(
                variants=store,
                bed=locus(".peaks.bed"),
                distance=locus(".loci.bed"),
                signal=locus(".signal.bw"),
                gtf=locus(".gtf"),
                table=scores,
                attributions=made("maps", ".attributions.h5"),
            ),
        ),
        Call("annotated_windows", "encode", "annotations", study(windows=locus(".peaks.bed"), bed=locus(".loci.bed"), bed_value="name")),
        Call(
            "prior",
            "prior",
            "fit",
            study(sumstats=sumstats, ld=made("ld_found", ".ld.h5"), annotations=made("annotations", ".annotations.h5"), epochs=2),
        ),
        Call("finemap_scored", "finemap", "locus", study(sumstats=sumstats, ld=ld, loci=locus(".loci.bed"), scores=scores)),
        Call("finemap_people", "finemap", "locus", study(genotypes=store, trait="trait", loci=locus(".loci.bed"), prior_weights=pips)),
        Call("genes", "enrich", "genes", study(sumstats=sumstats, ld=ld, gtf=locus(".gtf"), pips=pips)),
        Call(
            "pathways",
            "enrich",
            "pathways",
            study(genes=genes, correlations=correlations, gene_sets=locus(".gmt"), permutations=200, min_genes=2),
        ),
        Call(
            "page",
            "report",
            "build",
            (
                *(("--results", path) for path in results),
                *study(truth_variants=locus(".truth.variants.tsv"), truth=locus(".truth.json"), gtf=locus(".gtf"), fasta=locus(".fa")),
            ),
        ),
        Call(
            "parameters",
            "check",
            "pipeline",
            study(parameters=extra / "parameters.json", schema=extra / "nextflow_schema.json", samplesheet=extra / "sheet.csv"),
        ),
    ]


def run_chain(folder: Path, run: Run) -> Chain:
    """Run every call in order; each must succeed."""
    calls, said = {call.name: call for call in describe()}, {}
    write_extra_inputs(folder / "extra")
    for name, call in calls.items():
        said[name] = run(*call.words(folder, folder / call.prefix))
        assert said[name].returncode == 0, (name, said[name].stderr)
        add_derived_inputs(folder, name)
    return Chain(folder, calls, said)


def write_extra_inputs(folder: Path) -> None:
    """Write the inputs that no command of the chain makes."""
    folder.mkdir(parents=True)
    matrices = []
    for number, name in enumerate(("ALPHA", "BETA", "GAMMA", "DELTA")):
        rows = (" ".join("90" if (column + number) % 4 == base else "3" for column in range(8)) for base in range(4))
        matrices.append(f">M{number} {name}\n" + "\n".join(rows) + "\n")
    (folder / "motifs.jaspar").write_text("".join(matrices))
    people = (f"person{index + 1:05d}\t{20 + index * 7 % 50}\n" for index in range(120))
    (folder / "covariates.tsv").write_text("sample\tage\n" + "".join(people))
    (folder / "region.bed").write_text("chr3\t0\t190000\n")
    (folder / "inversion.bed").write_text("chr3\t150000\t190000\n")
    villages = (f"person{index + 1:05d}\tvillage{index % 12}\n" for index in range(120))
    (folder / "villages.tsv").write_text("sample\tvillage\n" + "".join(villages))
    decay = ("\t".join(f"{(-0.9) ** abs(row - column):.6f}" for column in range(12)) for row in range(12))
    (folder / "ld.txt").write_text("\n".join(decay) + "\n")
    (folder / "ld.bim").write_text("".join(f"chr3\tv{row}\t0\t{1000 + 10 * row}\tG\tA\n" for row in range(12)))
    everyone = [f"person{index + 1:05d}" for index in range(120)]
    (folder / "everyone.txt").write_text("\n\n\n" + "".join(f"{name}\n" for name in everyone))  # half of it ends within a name
    (folder / "sexes.tsv").write_text("sample\tsex\n" + "".join(f"{name}\t{1 + row % 2}\n" for row, name in enumerate(everyone)))
    (folder / "names.txt").write_text("".join(f"person{index + 1:05d}\n" for index in range(7)))
    one_hot(folder / "one_hot.h5")
    imputed(folder / "array.bgen")
    (folder / "named.sample").write_text("ID_1 ID_2 missing\n0 0 0\n" + "".join(f"{name} {name} 0\n" for name in everyone[:20]))
    (folder / "nextflow_schema.json").write_bytes((ROOT / "nextflow_schema.json").read_bytes())
    named = {"workflow": "association", "input": "sheet.csv", "loci": "a.bed", "gtf": "a.gtf", "gene_sets": "a.gmt"}
    (folder / "parameters.json").write_text(json.dumps(named, indent=1))
    (folder / "sheet.csv").write_text("cohort,genotypes,phenotypes\none,one.vcf.gz,one.tsv\n")


def imputed(path: Path) -> None:
    """Write a BGEN of 20 samples without names."""
    from bgen import BgenWriter

    random = np.random.default_rng(6)
    with BgenWriter(str(path), 20) as writer:
        for row in range(12):
            probabilities = np.eye(3)[random.integers(0, 3, 20)]
            writer.add_variant(f"v{row}", f"rs{row}", "chr3", 1000 + 10 * row, ["A", "G"], probabilities, bit_depth=8)


def one_hot(path: Path) -> None:
    """Write a small dataset of one-hot arrays."""
    random = np.random.default_rng(4)
    with h5py.File(path, "w") as store:
        for name, rows in (("train", 60), ("valid", 20), ("test", 20)):
            store[f"x_{name}"] = np.eye(4, dtype=np.float32)[random.integers(0, 4, (rows, 30))]
            store[f"y_{name}"] = (np.arange(rows) % 2).astype(np.float32)


def add_derived_inputs(folder: Path, name: str) -> None:
    """Turn outputs of a call into inputs of other forms: a soft-masked genome; one FASTA a class; summary statistics as plain text."""
    if name == "locus":
        lines = (folder / "locus" / "locus.fa").read_text().splitlines()
        masked = (line.lower() if number % 3 == 0 and line[0] != ">" else line for number, line in enumerate(lines))
        (folder / "extra" / "masked.fa").write_text("\n".join(masked) + "\n")
    if name == "codes":
        records = (folder / "codes" / "codes.fa").read_text().split(">")[1:]
        for kind in ("positive", "negative"):
            chosen = (f">{record}" for record in records if record.startswith(kind[:3]))
            (folder / "extra" / f"{kind}.fa").write_text("".join(chosen))
    if name == "sumstats":
        text = gzip.decompress((folder / "sumstats" / "sumstats.sumstats.tsv.gz").read_bytes())
        (folder / "extra" / "gwas.tsv").write_bytes(text)
        write_same_chain(folder / "locus" / "locus.fa", folder / "extra" / "same.chain")


def write_same_chain(fasta: Path, path: Path) -> None:
    """Write the chain file that lifts a genome over to itself."""
    records = [record.split("\n", 1) for record in fasta.read_text().split(">")[1:]]
    sizes = {header.split()[0]: len(bases.replace("\n", "")) for header, bases in records}
    chains = (
        f"chain 1 {name} {size} + 0 {size} {name} {size} + 0 {size} {number}\n{size}\n" for number, (name, size) in enumerate(sizes.items())
    )
    path.write_text("\n".join(chains))
