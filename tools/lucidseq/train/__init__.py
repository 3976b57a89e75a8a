"""Train sequence networks, apply them, and measure how good they are."""

from lucidseq.train.cli import evaluate, fit, predict

__all__ = ["evaluate", "fit", "predict"]
