"""What children train on: which devices, how many apart, and in which type."""

from collections.abc import Sequence

import jax

from nao.child.recipe import TrainingConfig


def choose_devices(
    config: TrainingConfig, devices: Sequence[jax.Device], share_batch: bool
) -> tuple[list[jax.Device], int]:
    """Returns the devices that are used, and how many groups train apart."""
    devices = list(devices)
    if share_batch:
        # Every device needs the same number of a micro-batch's examples.
        num = config.batch_size // config.micro_batches
        most = max(n for n in range(1, len(devices) + 1) if num % n == 0)
        return devices[:most], 1
    # Programs of their own, or a clock of its own, make a child train alone.
    if config.specialised or config.time_limit_s:
        return devices[:1], 1
    return devices, len(devices)


def choose_dtype(dtype: str, platform: str) -> str:
    """Returns what convolutions compute in, `auto` depending on the platform."""
    if dtype != "auto":
        return dtype
    return "float32" if platform == "cpu" else "bfloat16"


def needed_mib(program: jax.stages.Compiled) -> float:
    """Returns the memory that a compiled program needs on a device, in MiB."""
    sizes = program.memory_analysis()
    # What takes the place of an argument, as new states of old ones, counts once.
    return 2**-20 * (
        sizes.temp_size_in_bytes
        + sizes.argument_size_in_bytes
        + sizes.output_size_in_bytes
        - sizes.alias_size_in_bytes
    )
