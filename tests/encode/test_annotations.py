"""`encode annotations`: features against brute force over bases, and against bioframe-free definitions."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pybigtools
import pytest

from lucidseq.core.card import Verdict, read_card
from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.core.stores import create_store, write_array
from lucidseq.encode.annotations import run as module
from lucidseq.encode.annotations.signal import blocks, interval_sums
from support import assert_bad_input, need, run_cli, run_ok

LENGTH = 400
CONTIGS = ("c1", "c2")


def encode(folder: Path, *words: object, name: str = "x") -> pd.DataFrame:
    """Return the encoded features by row."""
    run_ok("encode", "annotations", *words, "--out", folder / name, "--force")
    with h5py.File(folder / f"{name}.annotations.h5") as store:
        names = store["features/name"].asstr()[()]
        return pd.DataFrame(store["values"][()], columns=names, index=store["rows/id"].asstr()[()])


@pytest.fixture(scope="module")
def random() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture(scope="module")
def rows(random: np.random.Generator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, int, int]]]:
    """A table of variants (some deletions) and the bases each covers."""
    path = tmp_path_factory.mktemp("rows") / "variants.tsv"
    lines, spans = ["chromosome\tbase_pair_location\teffect_allele\tother_allele\trsid"], []
    for contig in CONTIGS:
        for number, start in enumerate(sorted(random.choice(LENGTH - 10, 60, replace=False).tolist())):
            other = "A" if number % 5 else "AC" + "G" * (number % 3)
            lines.append(f"{contig}\t{start + 1}\t{'T' if len(other) == 1 else 'A'}\t{other}\trs{contig[1]}{number + 1000}")
            spans.append((contig, start, start + len(other)))
    path.write_text("\n".join(lines) + "\n")
    return path, spans


@pytest.fixture(scope="module")
def intervals(random: np.random.Generator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A BED file with overlapping intervals on one contig, and none on the other but one."""
    starts = random.integers(0, LENGTH - 40, 9)
    frame = pd.DataFrame(
        {
            "contig": ["c1"] * 8 + ["c2"],
            "start": starts,
            "end": starts + random.integers(1, 30, 9),
            "name": list("ababcabca"),
            "score": random.integers(1, 9, 9),
        }
    )
    path = tmp_path_factory.mktemp("bed") / "open.bed"
    frame.to_csv(path, sep="\t", header=False, index=False)
    return path, frame


def mask_of(frame: pd.DataFrame, contig: str) -> np.ndarray:
    mask = np.zeros(LENGTH, dtype=bool)
    for item in frame[frame["contig"] == contig].itertuples():
        mask[item.start : item.end] = True
    return mask


def test_overlap__is_the_share_of_bases(rows, intervals, tmp_path: Path) -> None:
    path, spans = rows
    found = encode(tmp_path, "--variants", path, "--bed", intervals[0])["open"]
    masks = {contig: mask_of(intervals[1], contig) for contig in CONTIGS}
    expected = [masks[contig][start:end].mean() for contig, start, end in spans]
    assert np.allclose(found, expected, atol=1e-7)
    assert {0, 1} <= set(expected)
    (tmp_path / "w.bed").write_text("c1\t0\t400\nc1\t100\t300\nc2\t0\t400\n")
    wide = encode(tmp_path, "--windows", tmp_path / "w.bed", "--bed", intervals[0])["open"]
    assert np.allclose(wide, [masks["c1"].mean(), masks["c1"][100:300].mean(), masks["c2"].mean()], atol=1e-7)


def test_indels__without_a_known_reference_are_counted(tmp_path: Path) -> None:
    """PLINK 2 tests REF where ALT is the commoner allele: a table of results does not tell a deletion from an insertion."""
    (tmp_path / "e.bed").write_text("c1\t1000\t1002\te\n")
    rows = [("c1", 1000, "GTA", "G"), ("c1", 2000, "G", "GAA"), ("c1", 3000, "A", "T"), ("c1", 4000, "AC", "GT")]
    vcf = [f"{contig}\t{at}\t.\t{ref}\t{alt}\t.\t.\t." for contig, at, ref, alt in rows]
    (tmp_path / "v.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(vcf) + "\n")
    table = [f"{contig}\t{at}\t{ref}\t{alt}" for contig, at, ref, alt in rows]
    head = "chromosome\tposition\teffect_allele\tother_allele\n"
    (tmp_path / "t.tsv").write_text(head + "\n".join(table) + "\n")
    bim = [f"{contig}\t.\t0\t{at}\t{alt}\t{ref}" for contig, at, ref, alt in rows]
    (tmp_path / "b.bim").write_text("\n".join(bim) + "\n")
    (tmp_path / "n.tsv").write_text(head + "\n".join(table[2:]) + "\n")
    share = pytest.approx([2 / 3, 0, 0, 0])
    expected = (("v.vcf", 0, share), ("b.bim", 2, share), ("t.tsv", 2, [0] * 4), ("n.tsv", 0, [0, 0]))
    for name, unsettled, values in expected:
        found = encode(tmp_path, "--variants", tmp_path / name, "--bed", tmp_path / "e.bed")
        assert found["e"].tolist() == values, name
        (check,) = (check for check in read_card(tmp_path / "x.encode_annotations.card.json").checks if "reference" in check.name)
        assert (check.value, check.verdict) == (unsettled, Verdict.CAUTION if unsettled else Verdict.OK), name


def test_names_and_scores__of_overlapping_intervals(rows, intervals, tmp_path: Path) -> None:
    path, spans = rows
    names = encode(tmp_path, "--variants", path, "--bed", intervals[0], "--bed-value", "name")
    scores = encode(tmp_path, "--variants", path, "--bed", intervals[0], "--bed-value", "score")["open"]
    assert list(names.columns) == ["open.a", "open.b", "open.c"]
    for row, (contig, start, end) in enumerate(spans):
        hit = intervals[1][(intervals[1]["contig"] == contig) & (intervals[1]["start"] < end) & (intervals[1]["end"] > start)]
        assert {name[-1] for name in names.columns[names.iloc[row] == 1]} == set(hit["name"])
        assert scores.iloc[row] == (hit["score"].max() if len(hit) else 0)


def test_distance__counts_bases_to_the_nearest(rows, intervals, tmp_path: Path) -> None:
    path, spans = rows
    found = encode(tmp_path, "--variants", path, "--distance", intervals[0])["open.distance"]
    masks = {contig: np.flatnonzero(mask_of(intervals[1], contig)) for contig in CONTIGS}
    expected = [np.abs(masks[contig][:, None] - np.arange(start, end)).min() for contig, start, end in spans]
    assert found.tolist() == expected
    assert {0, 1} <= set(expected) or min(expected) == 0


def test_distance__touching_is_one_and_no_interval_is_missing(tmp_path: Path) -> None:
    (tmp_path / "w.bed").write_text("c1\t0\t5\nc1\t5\t10\nc1\t10\t15\nc1\t16\t20\nc2\t0\t5\n")
    (tmp_path / "b.bed").write_text("c1\t5\t10\n")
    found = encode(tmp_path, "--windows", tmp_path / "w.bed", "--distance", tmp_path / "b.bed")["b.distance"]
    assert found.iloc[:4].tolist() == [1, 0, 1, 7]
    assert np.isnan(found.iloc[4])


@pytest.mark.parametrize("flank", [0, 3, 1000])
def test_signal__is_the_mean_of_bases_that_have_one(flank: int, rows, random: np.random.Generator, tmp_path: Path) -> None:
    path, spans = rows
    values = np.round(random.normal(size=LENGTH), 2)
    values[50:120] = np.nan
    values[300:] = np.nan
    data = [("c1", base, base + 1, float(value)) for base, value in enumerate(values) if not np.isnan(value)]
    pybigtools.open(str(tmp_path / "phylop.bw"), "w").write({"c1": LENGTH}, data)
    found = encode(tmp_path, "--variants", path, "--signal", tmp_path / "phylop.bw", "--flank", flank)["phylop"]
    for row, (contig, start, end) in enumerate(spans):
        bases = values[max(0, start - flank) : end + flank]
        expected = np.nanmean(bases) if contig == "c1" and not np.isnan(bases).all() else np.nan
        assert np.isclose(found.iloc[row], expected, atol=1e-5, equal_nan=True)


def test_signal__a_row_knows_nothing_of_the_values_of_others(tmp_path: Path) -> None:
    values = [("c1", 50, 160, 1e20), ("c1", 160, 400, 1.0)]
    pybigtools.open(str(tmp_path / "depth.bw"), "w").write({"c1": LENGTH}, iter(values))
    (tmp_path / "w.bed").write_text("c1\t40\t60\nc1\t100\t170\nc1\t200\t210\nc1\t161\t400\n")
    found = encode(tmp_path, "--windows", tmp_path / "w.bed", "--signal", tmp_path / "depth.bw")["depth"]
    assert found.tolist() == [np.float32(1e20), np.float32(60e20 / 70), 1, 1]


def test_interval_sums__are_those_of_each_interval() -> None:
    random = np.random.default_rng(3)
    for size in (1, 2, 7, 64, 1000):
        values = random.normal(size=size)
        start, end = np.sort(random.integers(0, size + 1, (2, 200)), axis=0)
        expected = [values[first:last].sum() for first, last in zip(start, end, strict=True)]
        assert np.allclose(interval_sums(values, start, end), expected, atol=1e-12)


def test_signal__that_is_infinite_is_refused(rows, tmp_path: Path) -> None:
    values = [("c1", 0, 50, 1.0), ("c1", 50, 60, np.inf), ("c1", 60, 400, 1.0)]
    pybigtools.open(str(tmp_path / "depth.bw"), "w").write({"c1": LENGTH}, iter(values))
    result = run_cli("encode", "annotations", "--variants", rows[0], "--signal", tmp_path / "depth.bw", "--out", tmp_path / "o" / "x")
    assert_bad_input(result, "a signal of inf", "depth.bw", "c1", "base 51", folder=tmp_path / "o")


def test_signal_blocks__hold_every_row_once() -> None:
    random = np.random.default_rng(2)
    start = np.sort(random.integers(0, 30_000_000, 5000))
    cut = blocks(start, start + 10)
    assert [row for part in cut for row in range(part.start, part.stop)] == list(range(5000))
    assert all(start[part][-1] - start[part][0] <= 1 << 22 for part in cut)


GTF = """c1\tx\tgene\t11\t100\t.\t+\t.\tgene_id "G1"; gene_type "protein_coding";
c1\tx\ttranscript\t11\t100\t.\t+\t.\tgene_id "G1"; transcript_id "T1";
c1\tx\texon\t11\t40\t.\t+\t.\tgene_id "G1"; transcript_id "T1";
c1\tx\tCDS\t21\t40\t.\t+\t.\tgene_id "G1"; transcript_id "T1";
c1\tx\texon\t81\t100\t.\t+\t.\tgene_id "G1"; transcript_id "T1";
c1\tx\tgene\t201\t260\t.\t-\t.\tgene_id "G2";
c1\tx\ttranscript\t201\t260\t.\t-\t.\tgene_id "G2"; transcript_id "T2";
c1\tx\texon\t201\t260\t.\t-\t.\tgene_id "G2"; transcript_id "T2";
"""


def test_genes__every_base_is_of_one_kind(tmp_path: Path) -> None:
    (tmp_path / "genes.gtf").write_text(GTF)
    (tmp_path / "bases.bed").write_text("".join(f"c1\t{base}\t{base + 1}\n" for base in range(LENGTH)))
    words = ["--windows", tmp_path / "bases.bed", "--gtf", tmp_path / "genes.gtf", "--promoter-upstream", 5, "--promoter-downstream", 3]
    found = encode(tmp_path, *words)
    spans = {
        "coding": [(20, 40)],
        "noncoding_exon": [(10, 20), (80, 100), (200, 260)],
        "intron": [(40, 80)],
        "promoter": [(5, 13), (257, 265)],
    }
    for name, parts in spans.items():
        expected = np.zeros(LENGTH)
        for start, end in parts:
            expected[start:end] = 1
        assert np.array_equal(found[name], expected), name
    assert np.array_equal(found[["coding", "noncoding_exon", "intron", "intergenic"]].sum(axis=1), np.ones(LENGTH))
    bases = np.arange(LENGTH)
    assert np.array_equal(found["tss_distance"], np.minimum(np.abs(bases - 10), np.abs(bases - 259)))
    # a file with exons alone says the same but for what only transcripts know
    (tmp_path / "genes.gtf").write_text(
        "".join(line + "\n" for line in GTF.splitlines() if "\tgene\t" not in line and "\ttranscript\t" not in line)
    )
    assert encode(tmp_path, *words).equals(found)


def table_of(spans: list[tuple[str, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "CHR": [contig for contig, *_ in spans],
            "BP": [start + 1 for _, start, _ in spans],
            "SNP": "n",
            "CM": 0.0,
            "coding": np.arange(len(spans)) % 2,
            "gerp": np.arange(len(spans)) / 7,
        }
    )


def test_table__by_position_whatever_its_order(rows, tmp_path: Path) -> None:
    path, spans = rows
    table = table_of(spans)
    table.iloc[10:].sample(frac=1, random_state=1).to_csv(tmp_path / "a.annot.gz", sep="\t", index=False)
    found = encode(tmp_path, "--variants", path, "--table", tmp_path / "a.annot.gz")
    assert list(found.columns) == ["coding", "gerp"]
    assert found.iloc[:10].isna().all().all()
    assert np.allclose(found.iloc[10:], table[["coding", "gerp"]].iloc[10:], atol=1e-6)


def test_table__with_alleles_takes_them_in_either_order(tmp_path: Path) -> None:
    (tmp_path / "v.tsv").write_text(
        "chromosome\tbase_pair_location\teffect_allele\tother_allele\nchr1\t5\tA\tC\nchr1\t5\tG\tC\nchr1\t9\tA\tC\n"
    )
    (tmp_path / "t.tsv").write_text("CHR\tBP\tA1\tA2\tx\n1\t5\tC\tA\t1.5\n1\t5\tc\tg\t2.5\n1\t9\tA\tT\t3.5\n")
    found = encode(tmp_path, "--variants", tmp_path / "v.tsv", "--table", tmp_path / "t.tsv")["x"]
    assert found.iloc[:2].tolist() == [1.5, 2.5]
    assert np.isnan(found.iloc[2])


def test_table_of_effects__has_a_column_for_each_target(tmp_path: Path) -> None:
    (tmp_path / "v.tsv").write_text("chromosome\tbase_pair_location\teffect_allele\tother_allele\n1\t5\tA\tC\n1\t9\tA\tC\n")
    (tmp_path / "e.tsv").write_text("variant_id\ttarget_name\tscore\n1:5:C:A\tk562\t1\n1:5:C:A\thepg2\t2\n1:9:C:A\tk562\t3\n")
    found = encode(tmp_path, "--variants", tmp_path / "v.tsv", "--table", tmp_path / "e.tsv")
    assert found["k562.score"].tolist() == [1, 3]
    assert found["hepg2.score"].iloc[0] == 2
    assert np.isnan(found["hepg2.score"].iloc[1])


def test_attributions__are_means_over_maps_and_bases(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    contributions = random.normal(size=(3, 20)).astype(np.float32)
    starts, strands = np.array([100, 110, 300]), np.array(["+", "-", "+"], dtype=object)
    with create_store(
        tmp_path / "net.attributions.h5", ATTRIBUTIONS, build="b", method="m", target_name="t", corrected=True, model_sha256="0"
    ) as store:
        arrays = {
            "codes": np.zeros((3, 20), np.uint8),
            "contig": np.array(["c1"] * 3, object),
            "start": starts,
            "end": starts + 20,
            "strand": strands,
            "id": np.array(list("abc"), object),
            "hypothetical": np.zeros((3, 20, 4), np.float32),
            "contributions": contributions,
            "prediction": np.zeros(3, np.float32),
        }
        for name, values in arrays.items():
            write_array(store, name, values)
    total, count = np.zeros(LENGTH), np.zeros(LENGTH)
    for start, strand, values in zip(starts, strands, contributions, strict=True):
        total[start : start + 20] += values[::-1] if strand == "-" else values
        count[start : start + 20] += 1
    (tmp_path / "w.bed").write_text("c1\t105\t106\nc1\t115\t116\nc1\t95\t140\nc1\t200\t201\n")
    found = encode(tmp_path, "--windows", tmp_path / "w.bed", "--attributions", tmp_path / "net.attributions.h5")["net"]
    expected = [
        total[a:b].sum() / count[a:b].sum() if count[a:b].any() else np.nan for a, b in ((105, 106), (115, 116), (95, 140), (200, 201))
    ]
    assert np.allclose(found, expected, atol=1e-6, equal_nan=True)


def test_parts_of_rows__and_another_folder_give_the_same(rows, intervals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lucidseq.encode import annotations as annotate

    digests = set()
    for name, size in (("one", 1 << 17), ("two", 1 << 17), ("three", 7)):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(module, "_ROWS", size)
        monkeypatch.chdir(tmp_path / name)
        (tmp_path / name / "v.tsv").write_bytes(rows[0].read_bytes())
        (tmp_path / name / "open.bed").write_bytes(intervals[0].read_bytes())
        annotate(variants="v.tsv", bed=["open.bed"], distance=["open.bed"], out="y")
        digests.add(tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((tmp_path / name).glob("y*.h5"))))
        table = pd.read_csv(tmp_path / name / "y.annotations.tsv", sep="\t")
        with h5py.File(tmp_path / name / "y.annotations.h5") as store:
            values = store["values"][()].astype(np.float64)
        assert np.allclose(table["mean"], values.mean(axis=0), rtol=1e-12)
        assert np.allclose(table["standard_deviation"], values.std(axis=0), rtol=1e-12)
    assert len(digests) == 1


def test_real_ldsc_annotations__land_on_their_variants(shared_data: Path, tmp_path: Path) -> None:
    annot = pd.read_csv(shared_data / "gwas_prior" / "baselineLD.subset.1.annot.gz", sep="\t")
    alleles = pd.read_csv(shared_data / "gwas_prior" / "1kg_chr1_16103_2888443.snplist.gz")
    variants = pd.DataFrame(
        {"chromosome": 1, "base_pair_location": annot["BP"], "effect_allele": "A", "other_allele": "C", "rsid": annot["SNP"]}
    )
    assert len(alleles) == 14_357
    variants.to_csv(tmp_path / "v.tsv", sep="\t", index=False)
    found = encode(tmp_path, "--variants", tmp_path / "v.tsv", "--table", shared_data / "gwas_prior" / "baselineLD.subset.1.annot.gz")
    assert found.shape == (999, 97)
    assert np.allclose(found, annot.iloc[:, 4:], rtol=1e-6)


def test_real_polyfun_annotations__in_parquet(shared_data: Path, tmp_path: Path) -> None:
    need(None if find_spec("pyarrow") else "pyarrow is not installed")
    annot = pd.read_parquet(shared_data / "polyfun" / "annotations.22.annot.parquet")
    variants = annot.rename(columns={"CHR": "chromosome", "BP": "base_pair_location", "A2": "effect_allele", "A1": "other_allele"})
    variants.iloc[::-1, :5].to_csv(tmp_path / "v.tsv", sep="\t", index=False)
    found = encode(tmp_path, "--variants", tmp_path / "v.tsv", "--table", shared_data / "polyfun" / "annotations.22.annot.parquet")
    assert np.allclose(found.iloc[::-1], annot.iloc[:, 5:], rtol=1e-6)


BAD = {
    "no common contig": ("--bed", "chrc1\t0\t5\n", 3, "(chrc1 for c1)"),
    "no score": ("--bed-value score --bed", "c1\t0\t5\tn\tx\n", 3, "column 5"),
    "no score column": ("--bed-value score --bed", "c1\t0\t5\nc1\t9\t12\n", 3, "no score"),
    "no name column": ("--bed-value name --bed", "c1\t0\t5\nc1\t9\t12\n", 3, "column 4"),
    "a score too large": ("--bed-value score --bed", "c1\t0\t5\ta\t1e39\n", 3, "'1e39'"),
    "no table key": ("--table", "a\tb\n1\t2\n", 3, "variant_id, or CHR and BP"),
    "no number": ("--table", "CHR\tBP\tname\nc1\t5\tx\n", 3, "numeric columns"),
    "twice in the table": ("--table", "CHR\tBP\tx\nc1\t5\t1\nc1\t5\t2\n", 3, "twice"),
    "position": ("--table", "CHR\tBP\tx\nc1\t5,5\t1\n", 3, "5,5"),
    "no common variant": ("--table", "CHR\tBP\tx\nc9\t5\t1\n", 3, "without any of the variants"),
    "a text among numbers": ("--table", "CHR\tBP\tx\ty\nc1\t5\t1\t1\nc1\t6\t2\t1\nc1\t7\ttwo\t1\n", 3, "'two' in column x"),
    "decimal commas": ("--table", "CHR\tBP\tx\ty\nc1\t5\t0,5\t1\n", 3, "'0,5' in column x"),
    "no bigWig": ("--signal", "c1\t0\t5\n", 3, "bigWig"),
    "no GTF": ("--gtf", "c1\t0\t5\n", 3, "nine columns"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_source__is_named(name: str, rows, tmp_path: Path) -> None:
    words, text, code, mention = BAD[name]
    (tmp_path / "source.tsv").write_text(text)
    result = run_cli(
        "encode", "annotations", "--variants", rows[0], *words.split(), tmp_path / "source.tsv", "--out", tmp_path / "out" / "y"
    )
    assert_bad_input(result, mention, "source.tsv", folder=tmp_path / "out", exit_code=code)


def test_bad_options__are_named(rows, intervals, tmp_path: Path) -> None:
    base = ["encode", "annotations", "--out", tmp_path / "out" / "y"]
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and so on")
    (tmp_path / "x.bcf").write_bytes(b"BCF\x02\x02 and so on")
    for words, code, mention in (
        (["--bed", intervals[0]], 2, "--variants"),
        (["--variants", rows[0]], 2, "--bed"),
        (["--windows", intervals[0], "--table", rows[0]], 2, "--table"),
        (["--variants", tmp_path / "x.parquet", "--bed", intervals[0]], 3, "a parquet file"),
        (["--variants", tmp_path / "x.bcf", "--bed", intervals[0]], 3, "a BCF file"),
        (["--variants", rows[0], "--bed", intervals[0], "--bed", intervals[0]], 3, "two features called open"),
    ):
        assert_bad_input(run_cli(*base, *words), mention, folder=tmp_path / "out", exit_code=code)
