"""The check of Galaxy's forms notices what a hand can get wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lucidseq.contract import forms
from lucidseq.contract.model import read_contract

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = [command for command in read_contract() if command.name == "enrich_pathways"]
FORM = Path("tools/galaxy/enrich_pathways.xml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with one form, its macros and its picture."""
    for path in (FORM, FORM.with_name("macros.xml"), forms.PICTURES / "lucidseq" / "enrich_pathways.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    return tmp_path


def test_form__in_order_has_no_problems(checkout: Path) -> None:
    assert forms.problems(checkout, CONTRACT) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace('value="3" min="2"', 'value="4" min="2"'), "--min-genes: value is '4', not '3'"),
        (lambda text: text.replace('value="3" min="2"', 'value="3" min="1"'), "--min-genes: min is '1', not '2'"),
        (lambda text: text.replace('<expand macro="seed"/>', ""), "--seed is not shown"),
        (lambda text: text.replace("--permutations '", "--permutation '"), "--permutations is not passed on"),
        (lambda text: text.replace('format="tabular,txt"', 'format="fasta"'), "--gene-sets takes fasta"),
        (lambda text: text.replace('from_work_dir="out.pathways.tsv"', 'from_work_dir="o"'), "output pathways"),
        (lambda text: text.replace('<has_text text="fix: "/>', ""), "no test of an error"),
        (lambda text: text.replace('expect_num_outputs="3"', "", 1), "a test without expect_num_outputs"),
        (lambda text: text.replace("@STAGE@", ""), "inputs do not keep the users' names"),
        (lambda text: text.replace("${static_path}", "$PATH_TO_IMAGES"), "no picture $PATH_TO_IMAGES/lucidseq/enrich"),
        (lambda text: text.replace(".. image::", ".. figure::"), "enrich_pathways.png is in no help"),
    ],
)
def test_mistake__is_noticed(checkout: Path, change: Callable[[str], str], problem: str) -> None:
    text = (checkout / FORM).read_text()
    changed = change(text)
    assert changed != text
    (checkout / FORM).write_text(changed)
    found = forms.problems(checkout, CONTRACT)
    assert any(problem in sentence for sentence in found), found


def test_form__that_is_missing_or_stray_is_noticed(checkout: Path) -> None:
    (checkout / FORM).rename(checkout / FORM.with_name("paint.xml"))
    found = forms.problems(checkout, CONTRACT)
    assert any("enrich_pathways.xml is missing" in sentence for sentence in found)
    assert any("paint.xml belongs to no command" in sentence for sentence in found)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace("$quote(str($title))", "'$title'"), "a text must be written as $quote(str(...)): --title '$title'"),
        (lambda text: text.replace("@QUOTE@", ""), "a text is not quoted (@QUOTE@)"),
        (lambda text: text.replace('<expand macro="text"/>', ""), "--title lacks the macro text"),
    ],
)
def test_text__that_the_shell_could_read_is_noticed(tmp_path: Path, change: Callable[[str], str], problem: str) -> None:
    form = FORM.with_name("report_build.xml")
    (tmp_path / form).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / FORM.with_name("macros.xml"), tmp_path / FORM.with_name("macros.xml"))
    text = (ROOT / form).read_text()
    changed = change(text)
    assert changed != text
    (tmp_path / form).write_text(changed)
    contract = [command for command in read_contract() if command.name == "report_build"]
    assert any(problem in sentence for sentence in forms.problems(tmp_path, contract))
