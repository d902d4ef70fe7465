"""Writes a run's architecture, and the network trained from it, for other programs."""

import json
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from nao.child import description, trained
from nao.child.conv_net import ConvNet
from nao.runs import reader
from nao.spaces import ConvCell, RecurrentCell, Space, recurrent_genotype
from nao.spaces.genotype import to_genotype
from nao.spaces.notation import ArchitectureShape

_NAMES = ("format", "version", "space", "architecture", "slots")
_README = """\
# A trained network

{notation}

Test {objective} {value:.6f}, of the training that `child/child.json` describes.

`child.jax_export` is the network with its parameters, for any batch size, on
{platforms}. It takes {example}s as {dtype} [{shape}], as they were
loaded{normalised}, and returns {outputs}.{carried} It needs JAX and flatbuffers alone:

```python
import pathlib
from jax import export

network = export.deserialize(pathlib.Path("child.jax_export").read_bytes())
{call}
```
{usage}
JAX reads such files for at least six months after they were written, so keep `child/`,
the parameters by name as an Orbax checkpoint:

```python
import pathlib
import orbax.checkpoint as ocp

params = ocp.StandardCheckpointer().restore(pathlib.Path("child/params").absolute())
```

or, as a network, with nao:

```python
import nao

child = nao.TrainedChild.load("child")
{predict}
```
"""
# How examples are read that stand for themselves, and those that continue each other.
_ALONE = {
    "carried": "",
    "call": "outputs = network.call({example}s)",
    "predict": "outputs = child.predict({example}s)",
}
_CARRIED = {
    "carried": (
        " Each call also takes what the one before returned, `carry`: at first, for "
        "`num` rows, the network's `initial_carry`, as below."
    ),
    "call": "outputs, carry = network.call({example}s, carry)",
    "predict": (
        "carry = child.net.initial_carry(num)\n"
        "outputs, carry = child.step({example}s, carry)"
    ),
}


class _Trained(description.Description):
    """`child.json` of a child that `mode=train` trained."""

    architecture: ArchitectureShape
    metrics: dict[str, float]


def write(workdir: pathlib.Path, space: Space | None) -> dict[str, str]:
    """Writes `export/` in the folder of a search, a training, or both.

    `architecture.json` is the architecture as versioned JSON, `architecture.txt` its
    notation, `genotype.txt` that of DARTS where DARTS has the operations. Where
    `mode=train` trained one, it is that one, and `child/`, `child.jax_export` and
    `README.md` are the network; otherwise it is the best of the search.

    Args:
        workdir: The folder.
        space: Space of the search; not needed for what was trained.

    Returns:
        What every file is, one line, by its name; of `genotype.txt` as well why it is
        not there.

    Raises:
        ValueError: If the folder holds neither, or it is damaged.
    """
    folder = workdir / "export"
    training = reader.read_training(workdir)
    if training is not None:
        source = workdir / training["training"] / "child"
        about = description.read(source, _Trained)
        child = trained.TrainedChild.load(source)
        _make(folder)
        cells = _cells_of(child.net)
        files = _write_architecture(folder, about["architecture"], cells)
        return files | _write_child(folder, source, child, about)
    best = reader.read_best(workdir)
    if best is None:
        raise ValueError(
            f"Nothing to export in {workdir}: neither best.json of a search nor "
            "train.json of a training."
        )
    cells = None
    if isinstance(space, ConvCell):
        tokens = space.parse(json.dumps(best))
        architecture = space.architecture(tokens[None])[0]
        cells = architecture, space.operations, space.join
    _make(folder)
    return _write_architecture(folder, best, cells)


def _make(folder: pathlib.Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise ValueError(f"{folder} must be a folder, it is a file.") from None


def _cells_of(net) -> tuple | None:
    if isinstance(net, ConvNet):
        return np.array(net.arch), net.operations, net.join
    return None


def _write_architecture(
    folder: pathlib.Path, found: dict[str, Any], cells: tuple | None
) -> dict[str, str]:
    text = json.dumps({name: found[name] for name in _NAMES}, indent=2)
    (folder / "architecture.json").write_text(text + "\n")
    (folder / "architecture.txt").write_text(found["architecture"] + "\n")
    files = {
        "architecture.json": "for --architecture=, and nao.spaces.Space.parse",
        "architecture.txt": found["architecture"],
    }
    (folder / "genotype.txt").unlink(missing_ok=True)  # of an earlier export
    try:
        genotype = _genotype(found, cells)
    except ValueError as error:
        return files | {"genotype.txt": f"not written: {error}"}
    if genotype is not None:
        (folder / "genotype.txt").write_text(genotype + "\n")
        files["genotype.txt"] = genotype
    return files


def _genotype(found: dict[str, Any], cells: tuple | None) -> str | None:
    """Returns an architecture in the notation of DARTS; None where it has none."""
    if found["space"] == RecurrentCell.name:
        return recurrent_genotype.to_darts(found["architecture"])
    return None if cells is None else to_genotype(*cells)


def _write_child(
    folder: pathlib.Path,
    source: pathlib.Path,
    child: trained.TrainedChild,
    about: Mapping[str, Any],
) -> dict[str, str]:
    shutil.rmtree(folder / "child", ignore_errors=True)
    shutil.copytree(source, folder / "child")
    artefact = child.export()
    (folder / "child.jax_export").write_bytes(artefact)
    objective = about["task"]["objective"]
    value = about["metrics"].get(f"test_{objective}")
    if value is None:
        raise ValueError(
            f"{source / description.NAME} is damaged: metrics.test_{objective} is "
            "missing."
        )
    notation = f"`{about['architecture']['architecture']}`"
    (folder / "README.md").write_text(readme(child, notation, value))
    return {
        "child": f"parameters (Orbax), test {objective} {value:.6g}",
        "child.jax_export": f"the network by itself, {len(artefact) / 1e6:.1f} MB",
        "README.md": "how to load both",
    }


def readme(child: trained.TrainedChild, notation: str, value: float) -> str:
    """Returns the README of an exported network.

    Args:
        child: The network.
        notation: Its architecture, in Markdown.
        value: What the task's objective is on the test part.
    """
    task = child.task
    use = _CARRIED if task["carries"] else _ALONE
    return _README.format(
        notation=notation,
        objective=task["objective"],
        value=value,
        platforms=", ".join(trained.PLATFORMS),
        example=task["example"],
        dtype=child.input_dtype,
        shape=", ".join(map(str, child.any_inputs().shape)),
        normalised=" (normalising them is part of it)" if child.normalisation else "",
        outputs=_outputs(child),
        usage=task.get("usage", ""),
        **{name: text.format(example=task["example"]) for name, text in use.items()},
    )


def _outputs(child: trained.TrainedChild) -> str:
    """Returns types and shapes of a network's outputs, as `float32 [num, 10]`."""
    return ", ".join(
        f"{x.dtype} [{', '.join(map(str, x.shape))}]"
        for x in jax.tree.leaves(jax.eval_shape(child.outputs, child.any_inputs()))
    )
