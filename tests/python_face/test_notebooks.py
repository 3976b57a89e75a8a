"""The notebooks of docs/notebooks run from top to bottom, and say what they said when they were written."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "docs" / "notebooks").glob("*.ipynb"))


def verdicts(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the outputs of the cells that check something: True or False."""
    texts = [output.get("data", {}).get("text/plain", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    return [text for text in texts if text in ("True", "False")]


def test_there_are_two() -> None:
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook__runs(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    written = verdicts(notebook)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert written and verdicts(notebook) == written == ["True"] * len(written)
    assert not list(tmp_path.iterdir())
