"""The network that one would write for one architecture: plain Flax layers.

What `child_speed.py` measures the project's own networks against: the same cells of
the `enas` operations from `nn.Conv`, `nn.BatchNorm` and Flax's poolings.
"""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

OPERATIONS = (
    *("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "identity"),
)


def _norm(train, x):
    return nn.BatchNorm(not train, momentum=0.9, epsilon=1e-5)(x)


def _pointwise(train, x, channels, stride=1):
    strides = (stride, stride)
    x = nn.Conv(channels, (1, 1), strides, use_bias=False)(nn.relu(x))
    return _norm(train, x)


def _reduction(train, x, channels):
    """Factorized reduction: two halves, the second shifted by a pixel."""
    x, strides = nn.relu(x), (2, 2)
    shifted = jnp.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))[:, 1:, 1:]
    halves = [
        nn.Conv(channels // 2, (1, 1), strides, use_bias=False)(x),
        nn.Conv(channels // 2, (1, 1), strides, use_bias=False)(shifted),
    ]
    return _norm(train, jnp.concatenate(halves, -1))


def _operation(train, x, name, stride):
    channels, strides = x.shape[-1], (stride, stride)
    padding = ((1, 1), (1, 1))
    if name == "max_pool_3x3":
        return nn.max_pool(x, (3, 3), strides, padding)
    if name == "avg_pool_3x3":
        return nn.avg_pool(x, (3, 3), strides, padding, count_include_pad=False)
    if name == "identity":
        return x if stride == 1 else _reduction(train, x, channels)
    size = int(name[-1])
    for step in (strides, (1, 1)):
        x = nn.Conv(
            channels,
            (size, size),
            step,
            [(size // 2, size // 2)] * 2,
            feature_group_count=channels,
            use_bias=False,
        )(nn.relu(x))
        x = _norm(train, nn.Conv(channels, (1, 1), use_bias=False)(x))
    return x


class PlainNet(nn.Module):
    """Maps images to class scores, for one architecture [2, num_nodes, 2, 2]."""

    arch: tuple
    channels: int
    cells_per_stage: int
    num_classes: int

    @nn.compact
    def __call__(self, images, train: bool):
        """Returns scores [batch, num_classes]."""
        x = nn.Conv(3 * self.channels, (3, 3), use_bias=False)(images)
        s0 = s1 = _norm(train, x)
        channels = self.channels
        for stage in range(3):
            if stage:
                channels *= 2
                s0, s1 = s1, self._cell(train, s0, s1, channels, True)
            for _ in range(self.cells_per_stage):
                s0, s1 = s1, self._cell(train, s0, s1, channels, False)
        return nn.Dense(self.num_classes)(nn.relu(s1).mean((1, 2)))

    def _cell(self, train, s0, s1, channels, is_reduction):
        if s0.shape[1] != s1.shape[1]:
            s0 = _reduction(train, s0, channels)
        else:
            s0 = _pointwise(train, s0, channels)
        states = [s0, _pointwise(train, s1, channels)]
        cell = np.asarray(self.arch)[int(is_reduction)]
        for node in cell.tolist():
            outputs = []
            for source, operation in node:
                stride = 2 if is_reduction and source < 2 else 1
                outputs.append(
                    _operation(train, states[source], OPERATIONS[operation], stride)
                )
            states.append(outputs[0] + outputs[1])
        loose = sorted(set(range(len(states))) - set(cell[:, :, 0].ravel().tolist()))
        if is_reduction:
            states[:2] = [
                _reduction(train, x, channels) if i in loose else x
                for i, x in enumerate(states[:2])
            ]
        return jnp.concatenate([states[i] for i in loose], -1)
