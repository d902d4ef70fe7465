"""Aliases that every room shares."""

from typing import Any

import jax

Array = jax.Array
PyTree = Any
