"""Make tools/galaxy/test-data again: a tiny simulated study and the outputs of each command.

Run it after a change of a file format: `.venv/bin/python scripts/galaxy_test_data.py`. The files are small (about 1 MB together)
and synthetic.
"""

from __future__ import annotations

import gzip
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "tools" / "galaxy" / "test-data"
SAMPLES = 120
# Made file -> name among the test data; a .gz that is no VCF or FASTA is unpacked, as Galaxy's tools do
KEPT = {
    "study.peaks.bed": "peaks.bed",
    "study.signal.bw": "signal.bw",
    "study.gtf": "genes.gtf",
    "study.gmt": "pathways.gmt",
    "study.loci.bed": "loci.bed",
    "study.vcf.gz": "people.vcf.gz",
    "study.phenotypes.tsv": "phenotypes.tsv",
    "study.truth.variants.tsv": "truth_variants.tsv",
    "study.truth.json": "truth.json",
    "study.fa": "genome.fa",
    "codes.fa": "codes.fa",
    "codes.labels.tsv": "labels.tsv",
    "people.genotypes.h5": "people.genotypes.h5",
    "people.splits.tsv": "splits.tsv",
    "trait.sumstats.tsv.gz": "sumstats.tsv",
    "trait.ld.h5": "ld.h5",
    "trait.encode_sumstats.card.json": "sumstats.card.json",
    "trait.encode_sumstats.manifest.json": "sumstats.manifest.json",
    "regions.sequences.h5": "sequences.h5",
    "model.keras": "model.keras",
    "model.history.tsv": "history.tsv",
    "model.predictions.tsv.gz": "predictions.tsv",
    "model.metrics.tsv": "metrics.tsv",
    "model.curves.tsv": "curves.tsv",
    "model.attributions.h5": "attributions.h5",
    "model.effects.tsv.gz": "effects.tsv",
    "fine.pips.tsv.gz": "pips.tsv",
    "fine.credible_sets.tsv": "credible_sets.tsv",
    "fine.loci.tsv": "fits.tsv",
    "fine.finemap_locus.card.json": "finemap.card.json",
    "fine.finemap_locus.manifest.json": "finemap.manifest.json",
    "ap1.sequences.h5": "ap1.h5",
    "ap1.keras": "ap1.keras",
    "ap1.predictions.tsv.gz": "ap1_predictions.tsv",
    "ap1.history.tsv": "ap1_history.tsv",
    "tested.genes.tsv": "gene_tests.tsv",
    "tested.gene_correlations.tsv.gz": "gene_correlations.tsv",
    "sets.pathways.tsv": "pathway_tests.tsv",
}


def main() -> None:
    """Run the chain in a scratch folder and keep its small files."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, made = Path(scratch) / "chain", Path(scratch) / "test-data"
        folder.mkdir()
        made.mkdir()
        chain(folder)
        for source, name in KEPT.items():
            data = (folder / source).read_bytes()
            (made / name).write_bytes(gzip.decompress(data) if source.endswith(".tsv.gz") else data)
        exported = gzip.decompress((folder / "published.exported.tsv.gz").read_bytes()).decode().splitlines(keepends=True)
        (made / "trait.glm.linear").write_text("".join(exported[:61]))
        prior_study(folder / "prior", made)
        contributions(folder / "ap1.attributions.h5", made / "ap1_94.tsv")
        derive(made)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(made, TARGET)
    total = sum(path.stat().st_size for path in TARGET.rglob("*") if path.is_file())
    print(f"{total / 1e3:.0f} kB in {TARGET.relative_to(ROOT)}")


LINES = """
simulate locus --training-contigs 2 --training-length 100000 --genotyped-length 200000 --peaks 160 --samples 120 --causal-variants 2
    --min-distance 20000 --loci 2 --gene-sets 3 --seed 3 --out study
simulate sequences --motifs motifs.jaspar --core-motifs ALPHA,BETA --background-motifs 2 --positives 60 --negatives 60 --length 60 --out codes
encode genotypes --genotypes study.vcf.gz --phenotypes study.phenotypes.tsv --build simulated --min-frequency 0.05 --out people
encode sumstats --genotypes people.genotypes.h5 --trait trait --out trait
encode sumstats --input trait.sumstats.tsv.gz --export plink2 --out published
encode structure --genotypes people.genotypes.h5 --components 2 --folds 4 --out people
encode ld --genotypes people.genotypes.h5 --loci study.loci.bed --trait trait --out trait
encode sequences --fasta study.fa --regions study.peaks.bed --signal study.signal.bw --window 200 --negatives gc-matched --test-contigs chr3
    --valid-contigs chr2 --build simulated --out regions
train fit --dataset regions.sequences.h5 --epochs 2 --filters 4 --architecture cnn-shallow --out model
train predict --model model.keras --dataset regions.sequences.h5 --out model
train evaluate --predictions model.predictions.tsv.gz --bootstrap-samples 50 --out model
attribute maps --model model.keras --dataset regions.sequences.h5 --max-sequences 6 --references 4 --logos 1 --out model
effects variants --model model.keras --variants study.vcf.gz --fasta study.fa --out model
finemap locus --sumstats trait.sumstats.tsv.gz --ld trait.ld.h5 --scores model.effects.tsv.gz --out fine
enrich genes --sumstats trait.sumstats.tsv.gz --ld trait.ld.h5 --gtf study.gtf --pips fine.pips.tsv.gz --out tested
enrich pathways --genes tested.genes.tsv --correlations tested.gene_correlations.tsv.gz --gene-sets study.gmt --permutations 200 --min-genes 2
    --out sets
encode sequences --positive ap1.fa --negative shuffled.fa --target-name AP-1 --valid-share 0.2 --test-share 0.2 --out ap1
train fit --dataset ap1.sequences.h5 --architecture cnn-shallow --filters 4 --batch-size 16 --epochs 30 --learning-rate 0.01 --out ap1
train predict --model ap1.keras --dataset ap1.sequences.h5 --split test --out ap1
attribute maps --model ap1.keras --dataset ap1.sequences.h5 --select highest --max-sequences 4 --references 10 --logos 0 --out ap1
"""


def chain(folder: Path) -> None:
    """Call every command on the simulated study."""
    (folder / "motifs.jaspar").write_text(motifs())
    sites(folder)
    program = str(Path(sys.executable).with_name("lucidseq"))
    for line in LINES.strip().replace("\n    ", " ").splitlines():
        subprocess.run([program, *line.split(), "--quiet"], cwd=folder, check=True)


def prior_study(folder: Path, made: Path) -> None:
    """Simulate twelve LD blocks with statistics and annotations, as the tests of `prior` do."""
    sys.path.insert(0, str(ROOT / "tests"))
    from prior.simulated_blocks import simulate

    simulate(folder, blocks=12, variants=24, log_enrichments=(3.0, 0.0, 0.5), mean_f=1.0, seed=2)
    for source, name in (
        ("x.sumstats.tsv", "prior_sumstats.tsv"),
        ("x.ld.h5", "prior_ld.h5"),
        ("x.annotations.h5", "prior_annotations.h5"),
    ):
        shutil.copyfile(folder / source, made / name)


def motifs() -> str:
    """Return count matrices of four made-up motifs (JASPAR text)."""
    matrices = []
    for number, name in enumerate(("ALPHA", "BETA", "GAMMA", "DELTA")):
        rows = (" ".join("90" if (column + number) % 4 == base else "3" for column in range(8)) for base in range(4))
        matrices.append(f">M{number} {name}\n" + "\n".join(rows) + "\n")
    return "".join(matrices)


def sites(folder: Path) -> None:
    """Write 40 bp sequences with a site of AP-1, and as many with the site's bases in another order."""
    draw = random.Random(5)
    for name, site in (("ap1", "ATGACTCAT"), ("shuffled", "CTAATTGAC")):
        with (folder / f"{name}.fa").open("w") as file:
            for number in range(150):
                bases, start = "".join(draw.choices("ACGT", k=40)), draw.randrange(32)
                file.write(f">{name}_{number}\n{bases[:start]}{site}{bases[start + 9 :]}\n")


def contributions(store: Path, table: Path) -> None:
    """Write the contributions of one sequence with a site of AP-1 as a table."""
    import h5py

    with h5py.File(store) as file:
        row = file["id"].asstr()[()].tolist().index("ap1_94")
        pairs = zip(file["codes"][row], file["contributions"][row], strict=True)
        table.write_text("base\tcontribution\n" + "".join(f"{'ACGT'[code]}\t{value:.4f}\n" for code, value in pairs))


def gene_tests(folder: Path) -> None:
    """Write the tests of 90 genes, neighbours correlated; the ten genes of IMMUNE have higher z than the rest."""
    draw = random.Random(7)
    names = [f"GENE{number:03d}" for number in range(90)]
    sets = {"IMMUNE": names[5:90:9], "MUSCLE": names[2:90:8], "SMALL": names[:2]}
    header = "gene_id gene_name contig start end strand n_variants effective_variants statistic p_value z q_value"
    rows, pairs = [header.split()], [["gene_id_1", "gene_id_2", "correlation"]]
    for number, name in enumerate(names):
        z = draw.gauss(2.0 if name in sets["IMMUNE"] else 0.0, 1.0)
        variants, start = draw.randrange(20, 60), number * 50_000
        p = min(statistics.NormalDist().cdf(-z), 0.9999)
        rows.append(
            [
                name,
                name,
                "chr1",
                start,
                start + 20_000,
                "+",
                variants,
                variants / 4,
                f"{variants + z * 9:.1f}",
                f"{p:.3g}",
                f"{z:.4f}",
                f"{min(5 * p, 1):.3g}",
            ]
        )
        if number % 3:
            pairs.append([names[number - 1], name, "0.2"])
    for file, table in (("many_genes.tsv", rows), ("many_correlations.tsv", pairs)):
        (folder / file).write_text("".join("\t".join(map(str, row)) + "\n" for row in table))
    (folder / "many_sets.gmt").write_text("".join("\t".join([name, "made up", *genes]) + "\n" for name, genes in sets.items()))


def derive(folder: Path) -> None:
    """Write what no command makes: covariates, a compressed genome, classes in two files, a PLINK set, inputs with mistakes."""
    import pysam

    (folder / "motifs.jaspar").write_text(motifs())
    (folder / "all_fasta.loc").write_text("simulated\tsimulated\tSimulated genome (test)\t${__HERE__}/genome.fa.gz\n")
    rows = (f"person{index + 1:05d}\t{20 + index * 7 % 50}\n" for index in range(SAMPLES))
    (folder / "covariates.tsv").write_text("sample\tage\n" + "".join(rows))
    pysam.tabix_compress(str(folder / "genome.fa"), str(folder / "genome.fa.gz"), force=True)
    (folder / "genome.fa").unlink()
    records = (folder / "codes.fa").read_text().split(">")[1:]
    for kind in ("positive", "negative"):
        (folder / f"{kind}.fa").write_text("".join(f">{record}" for record in records if record.startswith(kind[:3])))
    plink(folder)
    plink2(folder)
    published_ld(folder)
    gene_tests(folder)
    whole = (folder / "people.genotypes.h5").read_bytes()
    (folder / "damaged.h5").write_bytes(whole[: len(whole) // 3])
    (folder / "other_genome.fa").write_text(">chrUn\n" + "ACGT" * 100 + "\n")


def plink(folder: Path) -> None:
    """Write the hard calls as a PLINK 1 set, from its documented layout."""
    import cyvcf2
    import numpy as np

    reader = cyvcf2.VCF(str(folder / "people.vcf.gz"), gts012=True)
    codes, rows = [], []
    for variant in reader:
        codes.append(np.array([3, 2, 0, 1], dtype=np.uint8)[variant.gt_types])  # allele 1 is ALT: two of it are 00
        rows.append(f"{variant.CHROM}\t{variant.ID}\t0\t{variant.POS}\t{variant.ALT[0]}\t{variant.REF}\n")
    table = np.zeros((len(codes), -(-len(reader.samples) // 4) * 4), dtype=np.uint8)
    table[:, : len(reader.samples)] = codes
    packed = (table.reshape(len(codes), -1, 4) << np.array([0, 2, 4, 6], dtype=np.uint8)).sum(axis=2).astype(np.uint8)
    (folder / "people.bed").write_bytes(b"\x6c\x1b\x01" + packed.tobytes())
    (folder / "people.bim").write_text("".join(rows))
    (folder / "people.fam").write_text("".join(f"{name}\t{name}\t0\t0\t0\t-9\n" for name in reader.samples))


def plink2(folder: Path) -> None:
    """Write the first 40 variants as a PLINK 2 set."""
    import cyvcf2
    import numpy as np
    import pgenlib

    reader = cyvcf2.VCF(str(folder / "people.vcf.gz"), gts012=True)
    variants = [variant for variant, _ in zip(reader, range(40), strict=False)]
    names = "".join(f"{v.CHROM}\t{v.POS}\t{v.ID}\t{v.REF}\t{v.ALT[0]}\n" for v in variants)
    (folder / "few.pvar").write_text("#CHROM\tPOS\tID\tREF\tALT\n" + names)
    (folder / "few.psam").write_text("#IID\tSEX\n" + "".join(f"{name}\tNA\n" for name in reader.samples))
    file = str(folder / "few.pgen").encode()
    with pgenlib.PgenWriter(file, len(reader.samples), variant_ct=len(variants), nonref_flags=False) as writer:
        for variant in variants:
            writer.append_biallelic(np.array([0, 1, 2, -9], dtype=np.int8)[variant.gt_types])


def published_ld(folder: Path) -> None:
    """Write correlations of the first common variants as PLINK 1.9's text matrix, and their .bim; ALT is A1, but for every fourth."""
    import cyvcf2
    import numpy as np

    copies, rows = [], []
    for variant in cyvcf2.VCF(str(folder / "people.vcf.gz"), gts012=True):
        if 0.05 < variant.aaf < 0.95 and len(rows) < 30:
            turned = len(rows) % 4 == 3
            copies.append(2 - variant.gt_types if turned else variant.gt_types)
            alleles = (variant.REF, variant.ALT[0]) if turned else (variant.ALT[0], variant.REF)
            rows.append("\t".join([variant.CHROM, variant.ID, "0", str(variant.POS), *alleles]) + "\n")
    np.savetxt(folder / "panel.ld", np.corrcoef(np.array(copies, dtype=float)), fmt="%.6g", delimiter="\t")
    (folder / "panel.bim").write_text("".join(rows))


if __name__ == "__main__":
    main()
