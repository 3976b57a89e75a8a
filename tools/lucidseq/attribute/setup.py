"""A method with its options: blocks of sequences in, maps out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lucidseq.attribute import methods, references, shap_engine
from lucidseq.attribute.choices import Engine, Method, Reference
from lucidseq.attribute.explained import Explained
from lucidseq.attribute.methods import Explainer, Maps
from lucidseq.core import alphabet, seeds
from lucidseq.nets import backend
from lucidseq.nets.predict import check_finite

LARGEST_BLOCK = 32  # sequences explained at once, at most; shards are whole blocks


@dataclass(frozen=True)
class Setup:
    """Network, method and options; see the options of the command for the fields."""

    explained: Explained
    model_path: Path
    method: Method
    engine: Engine
    reference: Reference
    references: int
    steps: int
    correct: bool
    both_strands: bool
    batch_size: int
    seed: int
    _explainer: list[Explainer] = field(default_factory=list, repr=False)  # of one strand, once it is compiled

    @property
    def needs_references(self) -> bool:
        """Whether the method compares a sequence with references."""
        return self.method in (Method.DEEPSHAP, Method.INTEGRATED_GRADIENTS)

    @property
    def corrected(self) -> bool:
        """Whether gradients are projected onto the simplex."""
        return self.correct and self.method in (Method.SALIENCY, Method.INTEGRATED_GRADIENTS)

    @property
    def references_each(self) -> int:
        """References of one sequence."""
        return self.references if self.reference is Reference.DINUCLEOTIDE_SHUFFLE else 1

    @property
    def block(self) -> int:
        """Sequences explained at once; every block is padded to this size, so that a map never depends on its neighbours."""
        rows = self.references_each if self.needs_references else 1
        return int(np.clip(self.batch_size // rows, 1, LARGEST_BLOCK))

    def explain(self, codes: np.ndarray, ids: list[str], *, only_other_strand: bool = False) -> Maps:
        """Explain at most one block of sequences.

        Parameters
        ----------
        codes
            uint8 (n, length).
        ids
            Names, which seed the references.
        only_other_strand
            Explain the reverse complements alone, whatever the option for both strands.

        Raises
        ------
        DataError
            If a score is not finite.
        """
        if not self._explainer:
            self._explainer.append(self._single())
        single = self._explainer[0]
        explainer = methods.other_strand(single) if only_other_strand else methods.both_strands(single) if self.both_strands else single
        # Mutants of one sequence at a time need no neighbours
        n, missing = len(codes), 0 if self.method is Method.ISM else self.block - len(codes)
        filled = np.concatenate([codes, np.full((missing, codes.shape[1]), alphabet.N_CODE, dtype=np.uint8)])
        names = [*ids, *[""] * missing]
        maps = explainer(*self.inputs(filled, names)).first(n)
        maps.check_finite(ids)
        return maps

    def inputs(self, codes: np.ndarray, ids: list[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return sequences and their references, one-hot; None for methods without references."""
        if not self.needs_references:
            return alphabet.one_hot(codes), None
        compared = references.one_hot_references(codes, ids, self.reference.value, self.references, self.seed)
        return alphabet.one_hot(codes), compared

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the explained output (n,) of codes (n, length), averaged over strands if the maps are."""
        predict = methods.predictor(self.explained, self.batch_size)
        forward = predict(codes)
        check_finite("predictions", forward)
        return (forward + predict(alphabet.reverse_complement(codes))) / 2 if self.both_strands else forward

    @contextmanager
    def randomised(self) -> Iterator[Setup]:
        """Permute the network's weights within each array, for the time of a block; yield the setup to explain it with."""
        model = self.explained.model
        weights = model.get_weights()
        streams = [seeds.stream(self.seed, "randomise", number) for number in range(len(weights))]
        compiled = self._explainer if self.engine is Engine.OWN and backend.reads_weights_at_each_call() else []
        model.set_weights([stream.permutation(w.ravel()).reshape(w.shape) for stream, w in zip(streams, weights, strict=True)])
        try:
            yield replace(self, engine=Engine.OWN, _explainer=compiled)
        finally:
            model.set_weights(weights)

    def _single(self) -> Explainer:
        if self.method is Method.SALIENCY:
            return methods.saliency(self.explained, correct=self.correct)
        if self.method is Method.INTEGRATED_GRADIENTS:
            return methods.integrated_gradients(self.explained, steps=self.steps, correct=self.correct)
        if self.method is Method.ISM:
            return methods.in_silico_mutagenesis(self.explained, batch_size=self.batch_size)
        if self.engine is Engine.SHAP:
            return shap_engine.deepshap(self.explained)
        return methods.deepshap(self.explained)
