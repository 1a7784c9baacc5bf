"""Training on one device, or data-parallel over several processes or hosts.

Every process has all the data and all the weights, and draws the same windows; each computes its share of a step's
windows, and the gradients are averaged between them, once a step, by ``jax.distributed``.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ConfigError, DeviceError
from impsy.training.backend import prepare
from impsy.training.distributed.meeting import meet

__all__ = ["Cluster", "Devices", "join"]

PATIENCE = 300.0
"""Seconds to wait for the other processes at the start."""
_STARTS_WITHIN = 120
"""Seconds that JAX may then take to bring them together."""


@dataclass(frozen=True)
class Cluster:
    """``coordinator`` is ``host:port`` of process 0; this one is ``index`` of ``processes``."""

    coordinator: str
    processes: int
    index: int

    def __post_init__(self) -> None:
        host, _, port = self.coordinator.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ConfigError(
                f"--coordinator is host:port of the first process, as in 192.168.1.5:4100, not {self.coordinator!r}"
            )
        if self.processes < 2:
            raise ConfigError(f"--processes counts all that take part, 2 or more, not {self.processes}")
        if not 0 <= self.index < self.processes:
            raise ConfigError(
                f"--index counts the processes from 0: with --processes {self.processes} it is one of 0 to "
                f"{self.processes - 1}, not {self.index}"
            )


class Devices:
    """Where arrays live. Alone, all on one device; with others, copies everywhere and batches in shares.

    same: how an array lies of which each device has a copy, for JAX; None alone.
    shares: into how many a batch is divided: one for each device of all processes.
    """

    def __init__(self, processes: int = 1, index: int = 0) -> None:
        self.processes, self.index, self.shares = processes, index, 1
        self.same = self._shares = None
        if processes > 1:
            import jax
            from jax.sharding import Mesh, NamedSharding, PartitionSpec

            self._axis = "batch"
            self._mesh = Mesh(np.array(jax.devices()), (self._axis,))
            self.same = NamedSharding(self._mesh, PartitionSpec())
            self._shares = NamedSharding(self._mesh, PartitionSpec(self._axis))
            self.shares = self._mesh.size

    @property
    def words(self) -> str:
        """The devices in words."""
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

        return jnp.asarray(array) if self.same is None else jax.device_put(array, self.same)

    def shared_out(self, array: Any) -> Any:
        """Inside a compiled function: divide the first axis between the devices."""
        import jax

        return array if self._shares is None else jax.lax.with_sharding_constraint(array, self._shares)

    def copied(self, array: Any) -> Any:
        """Inside a compiled function: let each device have all of it, so that what follows needs no other."""
        import jax

        return array if self.same is None else jax.lax.with_sharding_constraint(array, self.same)

    def share_of(self, batch: int) -> int:
        """How many of ``batch`` windows this process's devices compute, counted where they lie."""
        import jax
        import jax.numpy as jnp

        placed = jax.jit(lambda: self.shared_out(jnp.arange(batch)))()
        return sum(len(part.data) for part in placed.addressable_shards)

    def over_shares(self, gradients: Callable[..., Any]) -> Callable[..., Any]:
        """Inside a compiled function: the mean of ``gradients`` over the devices, each given its share of windows.

        ``gradients(weights, key, windows)`` gives (value, gradients), ``key`` being the data of a random key. The
        devices meet once, after all is computed: were the compiler to divide the work by itself, it would let them
        meet at each event of a window, as an LSTM's gradient is a sum over those. Each draws its own dropout.
        """
        if self._shares is None:
            return gradients
        import jax
        from jax.flatten_util import ravel_pytree
        from jax.sharding import PartitionSpec

        def of_share(weights: Any, key: Any, windows: Any) -> Any:
            index = jax.lax.axis_index(self._axis)
            own = jax.random.key_data(jax.random.fold_in(jax.random.wrap_key_data(key), index))
            value, gradient = gradients(weights, own, windows)
            # One array, for what passing one on costs does not depend on its size.
            together, apart = ravel_pytree((value, gradient))
            return apart(jax.lax.pmean(together, self._axis))

        everyone, share = PartitionSpec(), PartitionSpec(self._axis)
        shared: Callable[..., Any] = jax.shard_map(
            of_share, mesh=self._mesh, in_specs=(everyone, everyone, share), out_specs=everyone, check_vma=False
        )
        return shared

    def agree(self, number: float) -> float:
        """The leading process's ``number``, in every process."""
        if self.processes == 1:
            return number
        from jax.experimental.multihost_utils import broadcast_one_to_all

        return float(broadcast_one_to_all(np.float32(number)))

    def any(self, own: bool) -> bool:
        """Whether ``own`` is true in any process; the same result in all."""
        if self.processes == 1:
            return own
        from jax.experimental.multihost_utils import process_allgather

        return bool(np.any(process_allgather(np.int32(own))))

    @contextmanager
    def together(self) -> Iterator[None]:
        """While the processes compute together: raises DeviceError when another has gone."""
        try:
            yield
        except RuntimeError as error:
            if self.processes == 1:
                raise
            atexit.register(_leave)
            raise DeviceError(
                "another process of this training has gone, or cannot be reached any more: start all of them again, "
                f"with --resume to go on from the last saved state ({str(error).splitlines()[0]})"
            ) from error


def _leave() -> None:
    """End at once: JAX would wait for the process that has gone, for minutes, and then abort."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def join(cluster: Cluster | None, batch: int, task: str = "", stop: Callable[[], bool] = lambda: False) -> Devices:
    """Take part in a distributed training, once in a process; with None, train alone.

    Waits until all processes have arrived.

    Args:
        batch: windows in a step.
        task: describes what is to be done; it must be the same in every process.
        stop: asked while waiting; when true, KeyboardInterrupt is raised.

    Raises:
        ConfigError: the batch cannot be divided evenly, the others do not arrive, or they have another task.
    """
    if cluster is None:
        prepare()
        return Devices()
    if batch % cluster.processes:
        raise _uneven(batch, f"{cluster.processes} processes")
    meet(cluster.coordinator, cluster.processes, cluster.index, task, seconds=PATIENCE, stop=stop)
    prepare()
    import jax

    try:
        jax.distributed.initialize(
            cluster.coordinator, cluster.processes, cluster.index, initialization_timeout=_STARTS_WITHIN
        )
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"the {cluster.processes} processes cannot work together at {cluster.coordinator} "
            f"({str(error).splitlines()[0]})"
        ) from error
    devices = jax.device_count()
    if batch % devices:
        raise _uneven(batch, f"the {devices} devices of {cluster.processes} processes")
    together = Devices(cluster.processes, cluster.index)
    with _stdout_aside():
        together.any(False)
    return together


@contextmanager
def _stdout_aside() -> Iterator[None]:
    """What is written to stdout goes to stderr: the library by which CPUs talk greets on it, and stdout is ours."""
    sys.stdout.flush()
    ours = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(ours, 1)
        os.close(ours)


def _uneven(batch: int, between: str) -> ConfigError:
    return ConfigError(
        f"a batch of {batch} windows cannot be divided between {between}: choose a multiple with --batchsize"
    )
