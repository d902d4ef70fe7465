"""Devices and machines: which there are, and how several of them become one."""

import contextlib
import os
import re
import signal
import socket
import time

import jax
import numpy as np
from jax.experimental import multihost_utils

from nao.system import interrupts

_PATIENCE_S = 300  # for the first of several hosts
_MOST_CPU_DEVICES = 4  # each takes the memory of a child
_ENOUGH = 64  # JAX makes as many as it is told, thousands in minutes


def cores() -> list[int]:
    """Returns the CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def use_cpu_devices(num: int = 0) -> None:
    """Makes every core a device of its own, unless JAX has looked for devices already.

    XLA gives a child nothing for a second core; another child gets all of it.

    Args:
        num: How many; 0 for one per core, at most 4. No effect on GPUs and TPUs.
    """
    num = min(num, max(len(cores()), _ENOUGH)) or min(len(cores()), _MOST_CPU_DEVICES)
    # Once it has looked, the devices there are stay.
    with contextlib.suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", num)


def join_hosts(hosts: str) -> None:
    """Joins this process to those of other machines, which then share their devices.

    On CPU each process is one device: with more, programs of the same process wait for
    each other's messages.

    Args:
        hosts: `ADDRESS:PORT,NUMBER,INDEX`: the first machine, how many there are and
            which one this is, from 0; or `auto`, where the cluster knows (Slurm, TPU
            pods, Open MPI).

    Raises:
        ValueError: If it is neither, or the machines don't find each other.
    """
    match = re.fullmatch(r"(\S+):(\d+),(\d+),(\d+)", hosts)
    if hosts == "auto":
        address, port, number, index = None, 0, None, None
    elif match and int(match[4]) < int(match[3]) and 0 < int(match[2]) < 2**16:
        address, (port, number, index) = match[1], map(int, match.groups()[1:])
    else:
        raise ValueError(
            "hosts must be auto, or ADDRESS:PORT,NUMBER,INDEX with a port from 1 to "
            f"65535 and an index from 0 to the number less 1, got {hosts!r}."
        )
    if index:
        _wait_for(address, port)
    # No handler of Python's can run while JAX waits for the others.
    with interrupts.handled_by(signal.SIG_DFL):
        try:
            coordinator = None if address is None else f"{address}:{port}"
            jax.distributed.initialize(coordinator, number, index)
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"hosts={hosts} can't be joined: {error}") from None


def _wait_for(address: str, port: int) -> None:
    """Waits until the first host listens; JAX itself would end the process."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            socket.create_connection((address.strip("[]"), port), timeout=5).close()
            return
        except OSError as error:
            is_unknown = isinstance(error, socket.gaierror)
            if is_unknown or time.monotonic() > deadline:
                raise ValueError(
                    f"The first host, {address}:{port}, can't be reached: {error}."
                ) from None
        time.sleep(0.5)


def is_first_host() -> bool:
    """Whether this process is the one that writes a run."""
    return jax.process_index() == 0


def agree(choice: bool) -> bool:
    """Returns what the first host chose; all hosts must ask."""
    if jax.process_count() == 1:
        return choice
    return bool(multihost_utils.broadcast_one_to_all(np.bool_(choice)))


def devices(num: int = 0) -> list[jax.Device]:
    """Returns the first `num` devices of all hosts, all of them for 0.

    Raises:
        ValueError: If there are fewer.
    """
    found = jax.devices()
    if num and jax.process_count() > 1:
        raise ValueError(f"num_devices must be 0 with several hosts, got {num}.")
    if num > len(found):
        raise ValueError(
            f"num_devices must be at most {len(found)}, the {found[0].platform} "
            f"devices there are, got {num}."
        )
    return found[:num] if num else found
