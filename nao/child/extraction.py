"""Takes one architecture's variables out of those of a universal `ConvNet`.

A universal cell's output holds all states that may be joined, the one of an
architecture only those that are. So of a kernel that reads it, only the rows of those
states are kept; of a branch, only the parameters of its operation.
"""

import jax

from nao.child.cell import take_states
from nao.child.layout import STEM_STATES, Layout
from nao.types import PyTree


def extract(layout: Layout, own: Layout, variables: PyTree, auxiliary: bool) -> PyTree:
    """Picks the variables of the network of one architecture.

    Args:
        layout: Cells of the universal network.
        own: Cells of the network of the architecture.
        variables: `params` and `batch_stats` of the universal network.
        auxiliary: Whether the auxiliary head is picked, too.

    Returns:
        `params` and `batch_stats` of the network of the architecture.
    """
    params, stats = variables["params"]["net"], variables["batch_stats"]["net"]
    new_params, new_stats = {"head_bias": params["head_bias"]}, {}
    new_params["stem"], new_stats["stem"] = params["stem"], stats["stem"]
    num_states = layout.last.num_states  # the same in all universal cells
    # Which states of each universal output the architecture has; all of the stem's.
    kept = [layout.cell(*place).positions(own.cell(*place)) for place in layout.places]
    stem = list(range(STEM_STATES))
    producers = [stem, stem, *kept]  # cell `i` reads those at `i` and `i + 1`
    for i, (stage, number) in enumerate(layout.places):
        reads = producers[i : i + 2]
        cell, own_cell = layout.cell(stage, number), own.cell(stage, number)
        if number is None:
            name = f"skip_{stage}"
            new_params[name] = _take_inputs(params[name], reads[1], num_states)
            new_stats[name] = stats[name]
            name = f"reduction_{stage}"
            new_params[name], new_stats[name] = cell.extract(
                params[name], stats[name], own_cell, reads
            )
            continue
        if stage and number == 0:
            reads[0] = None  # it reads the skip, which comes calibrated
        name = f"stage_{stage}"
        universal = _at(params[name], number), _at(stats[name], number)
        of_cell, its_stats = cell.extract(*universal, own_cell, reads)
        new_params.setdefault(name, []).append(of_cell)
        new_stats.setdefault(name, []).append(its_stats)
    # Classifier and auxiliary head read a normal cell of the last stage.
    new_params["head"] = take_states(params["head"], kept[-1], num_states)
    if auxiliary:
        head = params["auxiliary"]
        project = _take_inputs(head["project"], kept[-1], num_states)
        new_params["auxiliary"] = head | {"project": project}
        new_stats["auxiliary"] = stats["auxiliary"]
    return {"params": {"net": new_params}, "batch_stats": {"net": new_stats}}


def _take_inputs(conv_norm: PyTree, states: list[int], num_states: int) -> PyTree:
    """Returns a pointwise convolution that reads only some states of its input."""
    kernel = take_states(conv_norm["kernel"], states, num_states)
    return conv_norm | {"kernel": kernel}


def _at(stacked: PyTree, number: int) -> PyTree:
    """Returns the variables of one cell out of the stacked ones of a stage."""
    return jax.tree.map(lambda x: x[number], stacked)
