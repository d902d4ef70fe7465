"""Neural Architecture Optimization (Luo et al., 2018) in JAX and Flax."""
