"""Values of shap.DeepExplainer for models of the zoo and of `layer_models`; run as a program, since an error of shap spoils its process.

Usage: ``python shap_oracle.py INPUT.npz OUTPUT.npz NAME...``; the input holds x (n, length, 4) and references (n, R, length, 4), the
output one array (n, length, 4, targets) a name.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np


def main(source: str, destination: str, names: list[str]) -> None:
    import shap

    import toy_models
    from layer_models import MODELS
    from lucidseq.attribute.explained import explain
    from lucidseq.nets import backend

    warnings.simplefilter("ignore")
    backend.prepare(threads=2)
    with np.load(source) as arrays:
        x, references = arrays["x"], arrays["references"]
    found = {}
    for name in names:
        model = explain({**toy_models.ZOO, **MODELS}[name](), None).model  # up to the logit
        found[name] = np.stack(
            [
                shap.DeepExplainer(model, compared).shap_values(row[None], check_additivity=False)[0]
                for row, compared in zip(x, references, strict=True)
            ]
        )
    np.savez(destination, **found)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
