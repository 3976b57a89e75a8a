"""Commands as Python functions: a real signature, the suite's exceptions, a Result; the caller's process stays as it was."""

from __future__ import annotations

import gc
import hashlib
import inspect
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

import lucidseq as ls
from finemap.inputs import make_region, simulate_genotypes, sumstats_table, write_ld_store, write_sumstats
from lucidseq.contract.model import read_commands
from lucidseq.core.app import Command
from lucidseq.core.execute import THREAD_VARIABLES
from lucidseq.core.options import fields_of
from support import run_ok

COMMANDS = [command for command in read_commands() if command.tool.name != "check"]
every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.tool.name}-{command.name}")


@pytest.fixture(scope="module")
def locus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Summary statistics and LD of one small locus with one causal variant."""
    folder = tmp_path_factory.mktemp("locus")
    rng = np.random.default_rng(3)
    X = simulate_genotypes(rng, 400, 12)
    region = make_region("a", X)
    y = 0.5 * X[:, 4] + rng.standard_normal(400)
    r = [np.corrcoef(column, y)[0, 1] for column in X.T]
    z = np.array([value * np.sqrt(398 / (1 - value**2)) for value in r])
    return {
        "sumstats": write_sumstats(folder / "a.tsv.gz", sumstats_table(region, z, 400)),
        "ld": write_ld_store(folder / "a.ld.h5", [region]),
    }


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@every_command
def test_function__has_the_options_of_the_command_line(command: Command) -> None:
    function = getattr(getattr(ls, command.tool.name), command.name.replace("-", "_"))
    parameters = inspect.signature(function).parameters
    assert set(parameters) == {*fields_of(command.options), "out"} - {"quiet"}
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values())
    documented = inspect.getdoc(function) or ""
    assert all(f"\n{name}\n" in documented for name in parameters)
    flags = {field.flag for field in fields_of(command.options).values()}
    assert not flags & set(re.findall(r"--[a-z-]+[a-z]", documented))  # options are named as in Python


def test_result__holds_paths_card_and_tables(locus: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = ls.finemap.locus(**locus, out=tmp_path / "x")
    assert result.pips["pip"].idxmax() == 4 and isinstance(result.pips, pd.DataFrame)
    assert result.pips is result.pips  # read once
    assert result.paths["pips"] == tmp_path / "x.pips.tsv.gz"
    assert result.card.verdict.value in repr(result) and str(result.paths["sets"]) in repr(result)
    assert result.manifest["tool"] == "finemap" and "pips" in dir(result)
    assert next(iter(result.lbf.values())).size and "schema" in result.lbf.attributes
    with pytest.raises(AttributeError, match="pips"):
        _ = result.nothing
    assert capfd.readouterr().out == ""


def test_result__as_html_is_escaped(locus: dict[str, Path], tmp_path: Path) -> None:
    result = ls.finemap.locus(**locus, out=tmp_path / "<script>x")
    assert "<script>" not in result._repr_html_() and "&lt;script&gt;x.pips" in result._repr_html_()


def test_without_out__files_live_as_long_as_the_result(locus: dict[str, Path]) -> None:
    result = ls.finemap.locus(**locus)
    path = result.paths["pips"]
    assert path.exists()
    del result
    gc.collect()
    assert not path.exists()


def test_bytes__are_those_of_the_command_line(locus: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "shell").mkdir()
    (tmp_path / "python").mkdir()
    run_ok(
        "finemap", "locus", "--sumstats", locus["sumstats"], "--ld", locus["ld"], "--max-effects", "3", "--out", tmp_path / "shell" / "x"
    )
    ls.finemap.locus(**locus, max_effects=3, out=str(tmp_path / "python" / "x"))
    assert digests(tmp_path / "shell") == digests(tmp_path / "python")


@pytest.mark.parametrize(
    ("options", "error", "mentions"),
    [
        ({"sumstats": "none.tsv"}, ls.DataError, "sumstats none.tsv"),
        ({"max_effects": 0}, ls.UsageError, "max_effects 0"),
        ({"max_effects": 2.5}, ls.UsageError, "max_effects 2.5"),
        ({"max_effects": True}, ls.UsageError, "max_effects True"),
        ({"coverage": float("nan")}, ls.UsageError, "a finite number"),
        ({"coverage": "much"}, ls.UsageError, "coverage 'much'"),
        ({"residual_variance": "guess"}, ls.UsageError, "auto, estimate, fixed"),
        ({"refine": "yes"}, ls.UsageError, "refine 'yes'"),
        ({"sumstats": 3}, ls.UsageError, "a path"),
        ({"tolerance": None}, ls.UsageError, "tolerance None"),
        ({"ld": None}, ls.UsageError, "ld"),
    ],
)
def test_mistakes__raise_what_names_the_option_as_in_python(
    options: dict[str, object], error: type[Exception], mentions: str, locus: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        ls.finemap.locus(**{**locus, **options}, out=tmp_path / "out" / "x")
    assert mentions in str(caught.value) and "--" not in str(caught.value)
    assert not list(tmp_path.rglob("x*"))


def test_unknown_option__is_a_type_error(locus: dict[str, Path]) -> None:
    with pytest.raises(TypeError, match="max_effect"):
        ls.finemap.locus(**locus, max_effect=3)


def test_arguments__may_be_numpy_scalars_and_one_path_for_several(tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_text("chr1\t0\t10\n")
    (tmp_path / "v.tsv").write_text("variant_id\tchromosome\tbase_pair_location\teffect_allele\tother_allele\nchr1:5:A:G\tchr1\t5\tG\tA\n")
    result = ls.encode.annotations(variants=tmp_path / "v.tsv", bed=str(tmp_path / "a.bed"), out=tmp_path / "x")
    assert result.annotations["values"].tolist() == [[1.0]]
    simulated = ls.simulate.sequences(positives=np.int64(2), negatives=2, out=tmp_path / "s", seed=np.uint8(3))
    assert len(simulated.labels) == 4


def test_strict__raises_on_a_fit_that_broke_down_and_keeps_the_files(locus: dict[str, Path], tmp_path: Path) -> None:
    wrong = pd.read_csv(locus["sumstats"], sep="\t")
    wrong["z"], path = 10 * wrong["z"] * np.where(np.arange(len(wrong)) % 3, 1, -1), tmp_path / "wrong.tsv"
    wrong.to_csv(path, sep="\t", index=False)
    with pytest.raises(ls.RefusedError, match="loci whose fit broke down"):
        ls.finemap.locus(sumstats=path, ld=locus["ld"], strict=True, out=tmp_path / "x")
    result = ls.finemap.locus(sumstats=path, ld=locus["ld"])
    assert result.loci["broke_down"].tolist() == [1] and result.pips["pip"].isna().all() and not len(result.sets)


def test_process__stays_as_it_was(locus: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the legacy generator is the one a caller may have seeded
    expected = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    threads = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    ls.finemap.locus(**locus, threads=1)
    assert random.getstate() == expected[0] and np.random.get_state()[1].tolist() == expected[1]  # noqa: NPY002
    assert [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()] == threads
    assert {name: os.environ.get(name) for name in THREAD_VARIABLES[:3]} == {
        "OMP_NUM_THREADS": "7",
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS"),
        "MKL_NUM_THREADS": None,
    }


def test_import__is_free() -> None:
    code = (
        "import sys, time; a = time.process_time(); import lucidseq; b = time.process_time() - a; "
        "print(b, {'numpy', 'pandas', 'typer', 'keras'} & set(sys.modules)); print(len(dir(lucidseq)))"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines() for _ in range(3)]
    seconds = min(float(line[0].split()[0]) for line in runs)
    assert seconds <= 0.05 and all(line[0].endswith("set()") for line in runs)
    assert all(int(line[1]) > 20 for line in runs)  # completion shows every name
