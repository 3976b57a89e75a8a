"""The only module that depends on the library that runs the networks: threads, determinism, precision, gradients.

All other code is written in keras and keras.ops, so it runs on TensorFlow (the default) and JAX
(``KERAS_BACKEND=jax``). Call `prepare` first in a process: some settings are read when the library loads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lucidseq.core.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import numpy as np

_LOADED_BY = {"tensorflow": "tensorflow", "jax": "jax"}
_BEFORE_LOADING = {
    # oneDNN chooses summation orders by shape and thread count; without it results repeat and differ less between machines
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_DETERMINISTIC_OPS": "1",
}
Tensor = Any  # a tensor of whichever backend runs


def prepare(*, seed: int = 0, threads: int = 1, mixed_precision: bool = False) -> None:
    """Load the backend with fixed threads, deterministic operations and a seeded global generator.

    Parameters
    ----------
    seed
        Seed of keras, NumPy and Python generators (weights and dropout take their own named seeds besides).
    threads
        Threads of one operation. Operations run one after another, so that sums keep their order.
    mixed_precision
        Compute in float16 on a GPU; on a processor the networks stay in float32.

    Raises
    ------
    MissingExtraError
        If the backend is not installed.
    UsageError
        If ``KERAS_BACKEND`` names a backend other than tensorflow or jax.
    """
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    if chosen not in _LOADED_BY:
        raise UsageError(f"KERAS_BACKEND={chosen}", "tensorflow or jax", "unset KERAS_BACKEND, or set it to one of the two")
    if _LOADED_BY[chosen] not in sys.modules:
        for name, value in _BEFORE_LOADING.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("NPROC", str(threads))  # the size of XLA's thread pool (JAX)
    try:
        if chosen == "tensorflow":
            _prepare_tensorflow(threads)
        import keras
    except ModuleNotFoundError as error:
        fix = 'pip install "lucidseq[nets,tf]"'
        raise MissingExtraError(f"the Python library {error.name} is not installed", f"keras and {chosen}", fix) from error
    keras.utils.set_random_seed(seed % 2**32)
    keras.config.set_floatx("float32")
    keras.mixed_precision.set_dtype_policy("mixed_float16" if mixed_precision and has_gpu() else "float32")


def _prepare_tensorflow(threads: int) -> None:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # an operation has already run in this process: the first caller's setting applies
        return
    tf.config.experimental.enable_op_determinism()
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def name() -> str:
    """Return the backend's name, ``"tensorflow"`` or ``"jax"``."""
    import keras

    return str(keras.backend.backend())


def has_gpu() -> bool:
    """Return whether the backend has a GPU."""
    if name() == "jax":
        import jax

        return bool(jax.default_backend() == "gpu")
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def device_name() -> str:
    """Return the kind of device that computes: ``"cpu"`` or the GPU's name."""
    if not has_gpu():
        return "cpu"
    if name() == "jax":
        import jax

        return str(jax.devices()[0].device_kind)
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return str(details.get("device_name", "gpu"))


def reads_weights_at_each_call() -> bool:
    """Return whether a compiled function follows a change of its model's weights, as under TensorFlow; JAX keeps those it was compiled with."""
    return name() == "tensorflow"


def compiled_function(function: Callable[..., Tensor]) -> Callable[..., np.ndarray]:
    """Compile a function of arrays, made of keras.ops, once for each shape; it returns a NumPy array."""
    import keras

    if name() == "jax":
        import jax

        compiled = jax.jit(function)
    else:
        import tensorflow as tf

        compiled = tf.function(function, autograph=False)
    return lambda *arrays: keras.ops.convert_to_numpy(compiled(*map(keras.ops.convert_to_tensor, arrays)))


def gradient_function(
    function: Callable[[Tensor], Any], select: Callable[[Any], Tensor] | None = None
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Compile ``x -> (value, d sum(value) / dx)`` once, for many batches.

    Parameters
    ----------
    function
        A Keras model (called in inference mode) or any function of one tensor, made of keras.ops.
    select
        Picks the explained values from what ``function`` returns, such as ``lambda y: y[:, 0]``. Each value must depend on
        its own row of x alone, as in every network without batch statistics. Default: all of the output.

    Returns
    -------
    A function from float32 (n, ...) to the selected values and the gradient, of x's shape, as NumPy arrays.
    """
    import keras

    is_layer = isinstance(function, keras.Layer)

    def value(x: Tensor) -> Tensor:
        outputs = function(x, training=False) if is_layer else function(x)  # type: ignore[call-arg]
        return outputs if select is None else select(outputs)

    return _gradient_jax(value) if name() == "jax" else _gradient_tensorflow(value)


def input_gradient(
    function: Callable[[Tensor], Any], x: np.ndarray, select: Callable[[Any], Tensor] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return selected values and their gradient for one batch (see `gradient_function`, which many batches should use)."""
    return gradient_function(function, select)(x)


def _gradient_tensorflow(value: Callable[[Tensor], Tensor]) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    import tensorflow as tf

    @tf.function(reduce_retracing=True, autograph=False)  # keras.ops needs none, and it takes longer than the tracing
    def compiled(x: Tensor) -> tuple[Tensor, Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = value(x)
        return values, tape.gradient(values, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def run(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, gradient = compiled(tf.convert_to_tensor(x, dtype="float32"))
        return values.numpy(), gradient.numpy()

    return run


def _gradient_jax(value: Callable[[Tensor], Tensor]) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    import jax
    import numpy as np

    def total(x: Tensor) -> tuple[Tensor, Tensor]:
        values = value(x)
        return values.sum(), values

    compiled = jax.jit(jax.value_and_grad(total, has_aux=True))

    def run(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (_, values), gradient = compiled(jax.numpy.asarray(x, dtype="float32"))
        return np.asarray(values), np.asarray(gradient)

    return run
