"""Compiles a program of children for an H100 that need not be at hand.

    python tests/child/gpu_compiler.py conv_cell child_train_epoch universal

A process of its own, as XLA ends it where a check of its own fails. JAX's CUDA plugin
compiles without a GPU: kernels are not tried out, but every other pass is the same.
"""

import os
import pathlib
import sys

os.environ["JAX_PLATFORMS"] = "cpu"  # before JAX looks for devices
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
from jax.experimental import topologies

from tests.child.test_programs import trace

# What XLA asks of a device, by NVIDIA's data sheets of the H100 (SXM).
H100 = """
gpu_device_info {
  threads_per_block_limit: 1024
  threads_per_warp: 32
  shared_memory_per_block: 49152
  shared_memory_per_core: 233472
  shared_memory_per_block_optin: 232448
  threads_per_core_limit: 2048
  core_count: 132
  fpus_per_core: 128
  block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535
  block_dim_limit_z: 65535
  thread_dim_limit_x: 1024
  thread_dim_limit_y: 1024
  thread_dim_limit_z: 64
  registers_per_core_limit: 65536
  registers_per_block_limit: 65536
  memory_bandwidth: 3352320000000
  l2_cache_size: 52428800
  clock_rate_ghz: 1.98
  device_memory_size: 84942979072
  cuda_compute_capability { major: 9 feature_extension: ACCELERATED_FEATURES }
  device_vendor: "NVIDIA Corporation"
  name: "NVIDIA H100 80GB HBM3"
  driver_version: "13.0.0"
  runtime_version: "13.0.0"
  compile_time_toolkit_version: "13.0.0"
  dnn_version: "9.12.0"
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 12 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""


def main(name: str, program: str, kind: str) -> None:
    """Compiles it, and says so."""
    topology = topologies.get_topology_desc(
        "", "cuda", topology="1x1x1", target_config=H100
    )
    device = topology.devices[0]
    traced = trace(name, "bfloat16", kind == "specialised", program, device)
    traced.lower().compile()
    print(f"Compiled for {device.device_kind} by jaxlib {jax.lib.__version__}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
