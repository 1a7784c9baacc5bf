"""Training on one device, or data-parallel over several processes or hosts.

Every process has all the data and all the weights, and draws the same windows; each computes its share of a step's
windows, and the gradients are summed between them. Keras places the variables (its distribution API on
``jax.distributed``); the compiler divides the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ConfigError
from impsy.train.backend import prepare

__all__ = ["Cluster", "Devices", "join"]


@dataclass(frozen=True)
class Cluster:
    """``coordinator`` is ``host:port`` of process 0; this one is ``index`` of ``processes``."""

    coordinator: str
    processes: int
    index: int

    def __post_init__(self) -> None:
        host, _, port = self.coordinator.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigError(
                f"--coordinator is host:port of the first process, as in 192.168.1.5:4100, not {self.coordinator!r}"
            )
        if self.processes < 2 or not 0 <= self.index < self.processes:
            raise ConfigError(
                f"--index counts the processes from 0: with --processes {self.processes} it is one of 0 to "
                f"{self.processes - 1}, not {self.index}"
            )


class Devices:
    """Where arrays live. Alone, all on one device; with others, copies everywhere and batches in shares."""

    def __init__(self, distribution: Any = None, processes: int = 1, index: int = 0) -> None:
        self.processes, self.index = processes, index
        self._everywhere = self._shares = None
        if distribution is not None:
            from jax.sharding import NamedSharding, PartitionSpec

            mesh = distribution.device_mesh.backend_mesh
            self._everywhere = NamedSharding(mesh, PartitionSpec())
            self._shares = NamedSharding(mesh, PartitionSpec(distribution.batch_dim_name))

    @property
    def words(self) -> str:
        """What computes, in words."""
        import jax

        kinds = sorted({device.device_kind for device in jax.local_devices()})
        alone = ", ".join(kinds)
        return alone if self.processes == 1 else f"{self.processes} processes, each with {alone}"

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and speaks to the user."""
        return self.index == 0

    def everywhere(self, array: NDArray[Any]) -> Any:
        """``array`` (the same in each process) as an array of all devices."""
        import jax
        import jax.numpy as jnp

        return jnp.asarray(array) if self._everywhere is None else jax.device_put(array, self._everywhere)

    def shared_out(self, array: Any) -> Any:
        """Inside a compiled function: divide the first axis between the devices."""
        import jax

        return array if self._shares is None else jax.lax.with_sharding_constraint(array, self._shares)

    def agree(self, number: float) -> float:
        """The leading process's ``number``, in every process."""
        if self.processes == 1:
            return number
        from jax.experimental.multihost_utils import broadcast_one_to_all

        return float(broadcast_one_to_all(np.float32(number)))


def join(cluster: Cluster | None, batch: int) -> Devices:
    """Take part in a distributed training, once in a process; with None, train alone.

    Waits until all processes are there. Raises ConfigError if the batch cannot be divided evenly, or the others
    cannot be reached.
    """
    prepare()
    if cluster is None:
        return Devices()
    if batch % cluster.processes:
        raise ConfigError(
            f"a batch of {batch} windows cannot be divided between {cluster.processes} processes: choose a multiple "
            "with --batchsize"
        )
    import keras

    try:
        keras.distribution.initialize(cluster.coordinator, cluster.processes, cluster.index)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"the {cluster.processes} processes did not come together at {cluster.coordinator}: start all of them "
            f"with the same --coordinator and --processes, each with its own --index ({str(error).splitlines()[0]})"
        ) from error
    distribution = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(distribution)
    return Devices(distribution, cluster.processes, cluster.index)
