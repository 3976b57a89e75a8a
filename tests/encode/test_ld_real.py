"""Real LD, end to end: an LDGM block with its own summary statistics, and a panel's genotypes beside PLINK's matrix of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_ld import one_block, removed
from lucidseq.core.ld import open_ld
from lucidseq.core.schema import LD_SCORES, SUMSTATS
from lucidseq.core.tables import read_table
from support import program, run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)
COLUMNS = {
    "rsid": "SNP",
    "chromosome": "CHR",
    "base_pair_location": "POS",
    "effect_allele": "A1",
    "other_allele": "A2",
    "effect_allele_frequency": "EAF",
    "beta": "Beta",
    "standard_error": "se",
    "p_value": "P",
    "n": "N",
}


def test_ldgm__with_its_own_summary_statistics(shared_data: Path, tmp_path: Path) -> None:
    """1000 Genomes EUR (GRCh38) and 999 statistics on GRCh37: matched by rsid, alleles checked by frequencies of the list."""
    folder = shared_data / "gwas_prior"
    edges, listing = folder / "1kg_chr1_16103_2888443.EUR.edgelist.gz", folder / "1kg_chr1_16103_2888443.snplist.gz"
    columns = [word for name, column in COLUMNS.items() for word in ("--column", f"{name}={column}")]
    run_ok("encode", "sumstats", "--input", folder / "example.sumstats", "--dialect", "custom", *columns, "--out", tmp_path / "s")
    run_ok(
        "encode",
        "ld",
        "--input",
        edges,
        "--input-variants",
        listing,
        "--variants",
        tmp_path / "s.sumstats.tsv.gz",
        "--match",
        "rsid",
        "--build",
        "GRCh37",
        "--method",
        "panel",
        "--out",
        tmp_path / "l",
    )
    block, counts = one_block(tmp_path / "l"), removed(tmp_path / "l")
    assert len(block.r) == 372 and sum(counts.values()) == 14_357 - 372
    assert (np.diagonal(block.r) == 1).all()
    table = read_table(tmp_path / "s.sumstats.tsv.gz", SUMSTATS).set_index("variant_id").loc[block.variant_id]
    snplist = pd.read_csv(listing).set_index("site_ids").loc[table["rsid"]]
    # Effect alleles: the frequency of the list's derived allele, or 1 minus it where the other one counts
    derived = snplist["deriv_alleles"].to_numpy() == table["effect_allele"].to_numpy()
    frequency = np.where(derived, snplist["EUR"], 1 - snplist["EUR"])
    assert np.corrcoef(frequency, table["effect_allele_frequency"])[0, 1] > 0.999
    # A dense inverse of the whole precision matrix, written out
    edge = pd.read_csv(edges, header=None).to_numpy()
    size = int(edge[:, :2].max()) + 1
    precision = np.zeros((size, size))
    precision[edge[:, 0].astype(int), edge[:, 1].astype(int)] = edge[:, 2]
    precision += np.tril(precision.T, -1)
    carried = np.flatnonzero(np.diagonal(precision))
    row_of = np.full(size, -1)
    row_of[carried] = np.arange(len(carried))
    rows, sign = snplist["index"].to_numpy(), np.where(derived, 1, -1)
    unit = np.eye(len(carried))[:, row_of[rows]]
    part = np.linalg.solve(precision[np.ix_(carried, carried)], unit)[row_of[rows]]
    expected = part / np.sqrt(np.outer(np.diagonal(part), np.diagonal(part))) * sign * sign[:, None]
    assert np.abs(block.r - expected).max() < 1e-6
    # One variant of each index: positive definite; and z of neighbours agree with it
    first = ~pd.Series(rows).duplicated().to_numpy()
    values = np.linalg.eigvalsh(block.r[np.ix_(first, first)].astype(float))
    assert values[0] > 0.001 and values[-1] < 100
    z = table["z"].to_numpy()
    strong = np.triu(np.abs(block.r) > 0.95, 1)
    pairs = np.argwhere(strong)
    assert np.corrcoef(z[pairs[:, 0]] * np.sign(block.r[strong]), z[pairs[:, 1]])[0, 1] > 0.9


@pytest.fixture
def panel(shared_data: Path, tmp_path: Path) -> Path:
    run_ok("encode", "genotypes", "--genotypes", shared_data / "polyfun" / "chr1.bed", "--build", "GRCh37", "--out", tmp_path / "g", *OFF)
    return tmp_path / "g.genotypes.h5"


def test_panel__equals_plink_s_matrix_of_it(shared_data: Path, panel: Path, tmp_path: Path) -> None:
    """966 variants of 489 people without a missing genotype: our r of the genotypes is PLINK's, which is read to the same."""
    import subprocess

    prefix = shared_data / "polyfun" / "chr1"
    plink = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    subprocess.run([plink, "--bfile", prefix, "--r", "bin", "--out", tmp_path / "m"], check=True, capture_output=True)
    run_ok("encode", "ld", "--input", tmp_path / "m.ld.bin", "--input-variants", f"{prefix}.bim", "--n-ref", 489, "--out", tmp_path / "p")
    theirs = one_block(tmp_path / "p")
    (tmp_path / "whole.bed").write_text("1\t0\t250000000\twhole\n")
    run_ok("encode", "ld", "--genotypes", panel, "--loci", tmp_path / "whole.bed", "--out", tmp_path / "l")
    ours = one_block(tmp_path / "l")
    assert ours.variant_id.tolist() == theirs.variant_id.tolist() and len(ours.r) == 966
    assert np.abs(ours.r - theirs.r).max() < 1e-5


def test_panel__to_blocks_scores_and_fine_mapping_input(shared_data: Path, panel: Path, tmp_path: Path) -> None:
    run_ok(
        "encode",
        "ld",
        "--genotypes",
        panel,
        "--ld-scores",
        "--min-block",
        50,
        "--max-block",
        400,
        "--shrinkage",
        "auto",
        "--method",
        "panel",
        "--out",
        tmp_path / "l",
    )
    with open_ld(tmp_path / "l.ld.h5") as store:
        assert store.build == "GRCh37" and sum(len(block.r) for block in store) == 966
        for block in store:
            assert np.linalg.eigvalsh(block.r.astype(float))[0] > 0
            assert 50 <= len(block.r) <= 400 and 0 < block.shrinkage < 1 and 1 < block.effective_rank <= len(block.r)
    table = read_table(tmp_path / "l.ldscores.tsv.gz", LD_SCORES)
    assert len(table) == 966 and (table["n"] == 489).all() and table["ld_score"].median() > 0.9
