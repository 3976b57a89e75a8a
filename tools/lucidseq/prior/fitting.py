"""The training of a prior: blocks as batches, the exact likelihood as loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from lucidseq.core import seeds
from lucidseq.core.errors import DataError
from lucidseq.nets.training import Loss
from lucidseq.prior import networks
from lucidseq.prior.block_data import Block
from lucidseq.prior.choices import PriorModel, ResidualScale
from lucidseq.prior.likelihood import evidence

_STEP = 1.25  # ratio of the sizes that blocks are padded to: few shapes, so that little is compiled
LIMITS = (-40.0, 12.0)  # of log variance in units of z


@dataclass(frozen=True)
class TrainingBlock:
    """A block as arrays of one padded size: row 0 has the whitened z scores, each other row a variant.

    Attributes
    ----------
    x
        Encoded annotations, float32 of shape (rows, features).
    y
        float32 of shape (rows, rank + 1): w in row 0, then Q' by variant; the last column is log(n / median n).
    """

    x: np.ndarray
    y: np.ndarray


def pad(block: Block, encoding: networks.Encoding, median_n: float) -> TrainingBlock:
    """Return a block in its padded size; padding changes neither likelihood nor slopes."""
    rank, variants = block.white.q.shape
    rows, columns = _padded(variants) + 1, _padded(rank)
    x = np.zeros((rows, 2 * block.features.shape[1]), dtype=np.float32)
    y = np.zeros((rows, columns + 1), dtype=np.float32)
    x[1 : variants + 1] = encoding(block.features)
    y[0, :rank] = block.white.w
    y[1 : variants + 1, :rank] = block.white.q.T
    y[1 : variants + 1, -1] = np.log(block.n / median_n)
    return TrainingBlock(x, y)


def _padded(size: int) -> int:
    padded = 16
    while padded < size:
        padded = int(np.ceil(padded * _STEP / 8) * 8)
    return padded


def negative_log_likelihood(y: keras.KerasTensor, outputs: keras.KerasTensor, *, free_scale: bool, per: float) -> keras.KerasTensor:
    """Return a block's negative log-likelihood over ``per``; its gradient is the closed form, without a derivative of the decomposition."""
    ops = keras.ops
    q, w, offset = ops.transpose(y[1:, :-1]), y[0, :-1], y[1:, -1]
    given = ops.clip(outputs[1:, 0] + offset, *LIMITS)
    f, scale = ops.exp(given), ops.exp(outputs[0, 1]) if free_scale else ops.ones_like(outputs[0, 1])
    used = ops.cast(ops.any(q != 0, axis=1), q.dtype)  # padded directions have variance 1
    v = ops.matmul(q * f, ops.transpose(q)) + ops.diag(used * scale + (1 - used))
    lower = ops.cholesky(v)
    solved = ops.solve_triangular(lower, ops.concatenate([q, w[:, None]], axis=1), lower=True)
    t, whitened = solved[:, :-1], solved[:, -1]
    value = 0.5 * ops.sum(whitened**2) + ops.sum(ops.log(ops.diagonal(lower)))
    projected, lengths = ops.matmul(whitened, t) ** 2, ops.sum(t**2, axis=0)
    slope = -0.5 * f * (projected - lengths)
    scale_slope = -0.5 * ((ops.sum(whitened**2) - ops.sum(f * projected)) - (ops.sum(used) - ops.sum(f * lengths)))
    fixed = [ops.stop_gradient(item) for item in (value, slope, given, scale_slope, outputs[0, 1])]
    loss = fixed[0] + ops.sum(fixed[1] * (given - fixed[2]))
    if free_scale:
        loss = loss + fixed[3] * (outputs[0, 1] - fixed[4])
    return loss / per


class BlockBatches(keras.utils.PyDataset):
    """One block a batch, in an order of seed and epoch."""

    def __init__(self, blocks: Sequence[TrainingBlock], *, seed: int, epoch: int) -> None:
        super().__init__()
        self._blocks, self._order = blocks, seeds.stream(seed, "batches", epoch).permutation(len(blocks))

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._blocks)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one block."""
        block = self._blocks[self._order[index]]
        return block.x, block.y


class PriorProblem:
    """A prior for `nets.training.train_ensemble` (see `nets.training.Problem`)."""

    metric = "gain"
    one_shape = False

    def __init__(
        self,
        model: PriorModel,
        hidden: int,
        residual_scale: ResidualScale,
        train: Sequence[Block],
        valid: Sequence[Block],
        encoding: networks.Encoding,
        median_n: float,
        start: tuple[float, float],
    ) -> None:
        self._model, self._hidden, self._free = model, hidden, residual_scale is ResidualScale.FREE
        self._train = [pad(block, encoding, median_n) for block in train]
        self._valid, self._encoding, self._median_n, self._start = valid, encoding, median_n, start
        self._per = float(np.mean([len(block.white.w) for block in train]))
        self.steps = len(self._train)

    def network(self, seed: int) -> keras.Model:
        """Return a network that predicts the constant prior."""
        return networks.build(self._model, self._train[0].x.shape[1], self._hidden, seed=seed, start=self._start)

    def loss(self) -> Loss:
        """Return the negative log-likelihood of a block, over the mean rank."""

        def likelihood(y: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.KerasTensor:
            return negative_log_likelihood(y, outputs, free_scale=self._free, per=self._per)

        return likelihood

    def batches(self, *, seed: int, epoch: int) -> BlockBatches:
        """Return the training blocks of one epoch."""
        return BlockBatches(self._train, seed=seed, epoch=epoch)

    def validator(self, model: keras.Model) -> Callable[[], tuple[float, float]]:
        """Return a function that gives the loss, and the gain over the constant prior in nats a block, in float64 on the validation blocks."""
        constant = [constant_evidence(block, self._start, self._median_n) for block in self._valid]

        def validate() -> tuple[float, float]:
            values = [
                evidence(block.white, *predict(model, block, self._encoding, self._median_n, free_scale=self._free)).value
                for block in self._valid
            ]
            return -float(np.mean(values)) / self._per, float(np.mean(np.subtract(values, constant)))

        return validate


def predict(
    model: keras.Model, block: Block, encoding: networks.Encoding, median_n: float, *, free_scale: bool
) -> tuple[np.ndarray, float]:
    """Return log F of a block's variants in units of z, float64, and the log residual scale."""
    outputs = np.asarray(keras.ops.convert_to_numpy(model(encoding(block.features), training=False)), dtype=np.float64)
    log_f = np.clip(outputs[:, 0] + np.log(block.n / median_n), *LIMITS)
    return log_f, float(outputs[0, 1]) if free_scale else 0.0


def constant_evidence(block: Block, start: tuple[float, float], median_n: float) -> float:
    """Return a block's log-likelihood under the constant prior."""
    return evidence(block.white, start[0] + np.log(block.n / median_n), start[1]).value


def fit_constant(blocks: Sequence[Block], median_n: float, residual_scale: ResidualScale) -> tuple[float, float]:
    """Return log variance (units of z, at the median N) and log residual scale of the constant prior of largest likelihood.

    Raises
    ------
    DataError
        If the likelihood is not finite.
    """
    from scipy.optimize import minimize

    free = residual_scale is ResidualScale.FREE

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        found = [evidence(block.white, values[0] + np.log(block.n / median_n), values[1] if free else 0.0) for block in blocks]
        slopes = [-sum(float(item.slope.sum()) for item in found), -sum(item.scale_slope for item in found) if free else 0.0]
        return -sum(item.value for item in found), np.array(slopes)

    result = minimize(loss, np.array([-2.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(-12.0, 8.0), (-3.0, 3.0)])
    if not np.isfinite(result.fun):
        raise DataError("z scores without a finite likelihood", "finite statistics and LD", "check the statistics and the LD")
    return float(result.x[0]), float(result.x[1])
