"""What the README and the Python reference promise a newcomer, each in at most five lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finemap.inputs import make_region, simulate_genotypes, sumstats_table, write_ld_store, write_sumstats
from fixtures_sumstats import regenie, simulate


@pytest.fixture(scope="module")
def study() -> tuple[np.ndarray, np.ndarray]:
    """Genotypes and a trait with one causal variant, number 7."""
    rng = np.random.default_rng(5)
    X = simulate_genotypes(rng, 300, 15)
    return X, 0.6 * X[:, 7] + rng.standard_normal(300)


def test_susie_on_arrays(study: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = study
    import lucidseq as ls

    fit = ls.susie(X, y, names=[f"rs{i}" for i in range(15)])
    ax = fit.plot()

    assert "rs7" in fit.credible_sets["cs1"] and fit.summary()["lead_variant"].tolist() == ["rs7"]
    assert ax.get_ylabel() == "PIP"


def test_credible_sets_from_files_of_another_program(study: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    X, y = study
    r = np.array([np.corrcoef(column, y)[0, 1] for column in X.T])
    pd.DataFrame({"SNP": [f"rs{i}" for i in range(15)], "Z": r * np.sqrt(298 / (1 - r**2))}).to_csv(
        tmp_path / "z.txt", sep=" ", index=False
    )
    np.savetxt(tmp_path / "plink.ld", np.corrcoef(X.T))
    folder = tmp_path
    import lucidseq as ls

    table = pd.read_csv(folder / "z.txt", sep=" ", index_col="SNP")
    fit = ls.susie_rss(table["Z"], np.loadtxt(folder / "plink.ld"), n=300, in_sample=True)
    sets = fit.credible_sets

    assert "rs7" in sets["cs1"]


def test_deepshap_of_a_top_level_sequential_model() -> None:
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((20, 4)),
            keras.layers.Conv1D(6, 5, activation="relu"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    import lucidseq as ls

    maps = ls.deepshap(model, ["ACGTTGCAAGGCTTAACGTA", "TTTTGGGCCCAAATCGATCG"])
    ax = maps.plot(row=1)

    assert maps.hypothetical.shape == (2, 20, 4) and maps.completeness_error.max() < 1e-3
    assert ax.patches


def test_harmonised_table_of_regenie(tmp_path: Path) -> None:
    rows = simulate().rows
    path = regenie(rows, tmp_path / "step2.regenie")
    import lucidseq as ls

    table = ls.read_sumstats(path)
    strongest = table.loc[table["z"].abs().idxmax()]

    assert len(table) == len(rows) - 1  # regenie could not test one
    assert {"variant_id", "z", "n", "effect_allele"} <= set(table)
    assert abs(abs(strongest["z"]) - rows["z"].abs().max()) < 0.01


def test_command_in_python_whose_error_is_caught_and_whose_result_is_plotted(study: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    X, y = study
    region = make_region("a", X)
    r = np.array([np.corrcoef(column, y)[0, 1] for column in X.T])
    sumstats = write_sumstats(tmp_path / "a.tsv.gz", sumstats_table(region, r * np.sqrt(298 / (1 - r**2)), 300))
    ld = write_ld_store(tmp_path / "a.ld.h5", [region])
    import lucidseq as ls

    try:
        result = ls.finemap.locus(sumstats=sumstats, ld=ld, max_effects=0)
    except ls.UsageError as error:
        result = ls.finemap.locus(sumstats=sumstats, ld=ld, max_effects=3 if "max_effects" in str(error) else 1)
    ax = ls.plot_pips(result.pips)

    assert ax.get_xlabel() == "position (bp)" and len(ax.get_legend().get_texts()) == len(result.sets)
