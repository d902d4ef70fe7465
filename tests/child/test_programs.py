"""The compiled programs, lowered for accelerators that need not be at hand."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import (
    ChildConfig,
    ImageTask,
    TextTask,
    batches,
    devices,
    measuring,
    nets,
    parameters,
    programs,
)
from nao.child.branches import Packing
from nao.child.operations import OPERATIONS
from nao.child.recipe import Recipe
from nao.data import PARTS, ImageDataset, Split, TextDataset
from nao.spaces import SPACES, SpaceConfig, registry

# As `jax.Device.platform` has them, and as lowering does.
ACCELERATORS = {"gpu": "cuda", "tpu": "tpu"}
each_accelerator = pytest.mark.parametrize("platform", ACCELERATORS)
OF_TEXT = "recurrent_cell"
each_space_of_images = pytest.mark.parametrize(
    "name", [name for name in SPACES if registry.network(name) and name != OF_TEXT]
)


def task(name):
    """Images of 12x12: the first stage is large and the others small to CPUs."""
    if name == OF_TEXT:
        tokens = np.arange(16, dtype=np.int32) % 3
        text = TextDataset("abc", ("a", "b", "c"), tokens, tokens, tokens)
        return TextTask.of(text, 3)
    images = np.zeros((4, 12, 12, 3), np.uint8)
    split = Split(images, np.arange(4, dtype=np.int32) % 2)
    return ImageTask.of(ImageDataset("blank", 2, *[split] * len(PARTS)))


@functools.cache
def trace(name, dtype, is_specialised=False, program="child_train_epoch", device=None):
    """Traces a program of a small network of the space, from shapes alone."""
    small = {"num_nodes": 1} if "num_nodes" in registry.options(name) else {}
    space = registry.make(SpaceConfig(name, **small))
    config = ChildConfig(channels=2, batch_size=2)
    learned = task(name)
    net = nets.make_net(space, learned, config).in_training(dtype, None, False)
    archs = space.architecture(space.sample(np.random.default_rng(0), 1))
    if is_specialised:
        net = net.specialise(archs[0])
    mesh = programs.make_mesh([device or jax.devices()[0]], 1)
    settings = programs.Settings(net, learned.rules, mesh, config.batch_size, 1)
    keys = jax.random.split(jax.random.key(0), 1)
    init = functools.partial(programs.child_init, settings=settings)
    states = jax.eval_shape(init, keys)
    here = programs.make_mesh(jax.devices()[:1], 1)
    parts, archs = batches.place(learned, here), archs.astype(np.int32)
    parts = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), parts)
    if program == "child_evaluate":
        return measuring.child_evaluate.trace(
            states, archs, parts["val"], settings=settings
        )
    recipe = Recipe.of(config, learned.amounts(config))
    numbers = np.int32(0), np.int32(config.epochs)
    return programs.child_train_epoch.trace(
        keys, states, archs, *numbers, recipe, parts["train"], settings=settings
    )


def forms(lowered):
    """Returns the forms of `nao.child.primitives` that a program was made by."""
    text = lowered.as_text(debug_info=True)
    return set(re.findall(r"\b_?(\w+_(?:on_cpu|native))\b", text))


def image_products(lowered):
    """Returns the types that convolutions and products of images are computed in."""
    lines = [
        line
        for line in lowered.as_text().splitlines()
        if "stablehlo.convolution" in line or "stablehlo.dot_general" in line
    ]
    four = r"tensor<(?:\d+x){4}(\w+)>"
    return {kind for line in lines for kind in re.findall(four, line)}


def products(lowered):
    """Returns the types of matrix products."""
    lines = lowered.as_text().splitlines()
    return {
        kind
        for line in lines
        if "stablehlo.dot_general" in line
        for kind in re.findall(r"tensor<(?:\d+x)*(\w+)>", line)
    }


def assert_is_native(traced, platform):
    """Native convolutions in bfloat16, and nothing of the forms for CPU."""
    lowered = traced.lower(lowering_platforms=(ACCELERATORS[platform],))
    found = forms(lowered)
    assert "convolution_native" in found and "avg_pool_native" in found
    assert not [name for name in found if name.endswith("_on_cpu")]
    assert "stablehlo.convolution" in lowered.as_text()
    assert image_products(lowered) == {"bf16"}


@each_accelerator
@each_space_of_images
def test_a_training_step_is_lowered_for_accelerators_in_native_form(name, platform):
    dtype = devices.choose_dtype("auto", platform)
    assert_is_native(trace(name, dtype), platform)


@each_accelerator
@pytest.mark.parametrize("is_specialised", [False, True])
def test_language_models_compute_products_in_bfloat16(is_specialised, platform):
    dtype = devices.choose_dtype("auto", platform)
    traced = trace(OF_TEXT, dtype, is_specialised)
    lowered = traced.lower(lowering_platforms=(ACCELERATORS[platform],))
    assert products(lowered) == {"bf16"}


@pytest.mark.slow
@each_accelerator
@each_space_of_images
@pytest.mark.parametrize(
    ("is_specialised", "program"),
    [(True, "child_train_epoch"), (False, "child_evaluate"), (True, "child_evaluate")],
)
def test_other_programs_are_lowered_in_native_form(
    name, platform, is_specialised, program
):
    traced = trace(name, "bfloat16", is_specialised, program)
    lowered = traced.lower(lowering_platforms=(ACCELERATORS[platform],))
    assert not [form for form in forms(lowered) if form.endswith("_on_cpu")]
    assert image_products(lowered) == {"bf16"}


@each_accelerator
def test_each_channel_is_convolved_by_itself_on_accelerators(platform):
    """A group a channel, 2, 4 and 8 by stage, not a sum of shifted slices."""
    traced = trace("conv_cell", "bfloat16")
    lowered = traced.lower(lowering_platforms=(ACCELERATORS[platform],))
    assert "depthwise_native" in forms(lowered)
    groups = re.findall(r"feature_group_count = (\d+)", lowered.as_text())
    assert {"2", "4", "8"} <= set(groups)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_native_form_and_gradient_on_accelerators(name):
    """At both strides, of a large image: forward, and both gradients."""
    packing = Packing((name,), 2, (1, 2))
    running = parameters.init_running(packing.num_norms, 2)

    def total(vector, x):
        outputs = [
            branch(vector, running, x)[0]
            for stride in (1, 2)
            for branch in packing.branches(stride, train=True)
        ]
        return sum(y.astype(jnp.float32).sum() for y in outputs)

    vector = jax.ShapeDtypeStruct((packing.size,), jnp.float32)
    x = jax.ShapeDtypeStruct((2, 12, 12, 2), jnp.bfloat16)
    traced = jax.jit(jax.grad(total, (0, 1))).trace(vector, x)
    for platform in ACCELERATORS.values():
        lowered = traced.lower(lowering_platforms=(platform,))
        assert not [form for form in forms(lowered) if form.endswith("_on_cpu")]
        assert image_products(lowered) <= {"bf16"}


@each_space_of_images
def test_a_training_step_is_lowered_for_cpu_without_native_convolutions(name):
    """The same trace: the form is chosen when it is lowered."""
    lowered = trace(name, "bfloat16").lower(lowering_platforms=("cpu",))
    assert "stablehlo.convolution" not in lowered.as_text()
    found = forms(lowered)
    assert found and all(form.endswith("_on_cpu") for form in found)
