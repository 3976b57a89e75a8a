"""Facts of a model file: ``lucidseq.json`` inside the ``.keras`` archive."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA, SCHEMA_VERSION = "lucidseq.model", 1
ENCODING = "one-hot ACGT, N is zero"
# Check of the trust cards of commands that are given a plain Keras file
EXPECTED = "written by lucidseq train fit"
ADVICE_WITHOUT = "A plain Keras file has no facts of its training; check base order (ACGT), strand and units yourself."


@dataclass(frozen=True)
class Facts:
    """Facts a model file carries, so that it can be applied without its training set.

    Parameters
    ----------
    task
        ``"binary"`` (output: probability), ``"regression"`` (mean) or ``"counts"`` (rate).
    target_names
        Names of the outputs, in order.
    length
        Bases of an input sequence.
    members
        Networks in the ensemble.
    build
        Genome build of the training set.
    architecture
        Name and sizes of each member.
    training
        Options, split sizes, epochs and validation figures of the training; the training set's SHA-256.
    normalisation
        How targets were scaled in training (already undone in the saved weights).
    conformal
        ``level`` and, for each target, ``quantiles`` of scaled validation residuals (regression and counts).
    dataset_kind, encoding
        Kind of input and how it enters the network.
    """

    task: str
    target_names: list[str]
    length: int
    members: int = 1
    build: str = ""
    architecture: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    normalisation: dict[str, Any] | None = None
    conformal: dict[str, Any] | None = None
    dataset_kind: str = "sequences"
    encoding: str = ENCODING

    def to_json(self) -> str:
        """Return the facts as JSON text with sorted keys and a final newline."""
        document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **asdict(self)}
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def facts_from_json(text: str) -> Facts:
    """Read `Facts`.

    Raises
    ------
    ValueError
        If the text is not a document of this schema and version.

    Examples
    --------
    >>> facts = Facts("binary", ["CTCF"], 100)
    >>> facts_from_json(facts.to_json()) == facts
    True
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    schema, version = document.pop("schema", None), document.pop("schema_version", None)
    if (schema, version) != (SCHEMA, SCHEMA_VERSION):
        raise ValueError(f"schema {schema} version {version}, not {SCHEMA} version {SCHEMA_VERSION}")
    try:
        return Facts(**document)
    except TypeError as error:
        raise ValueError(str(error)) from error


def scale_in_words(activation: str) -> str:
    """Return the scale that is left when a final activation is taken off.

    Examples
    --------
    >>> scale_in_words("softmax")
    'log odds of the class (softmax taken off)'
    """
    scale = {"linear": "the model's own output", "softmax": "log odds of the class", "log_softmax": "log odds of the class"}
    words = scale.get(activation, "logit" if "sigmoid" in activation else "log rate")
    return words if activation == "linear" else f"{words} ({activation} taken off)"
