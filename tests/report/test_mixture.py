"""What the page says of mixtures."""

import dataclasses

import pytest

from nao.evaluators import Evaluation, Goals, Objective
from nao.report import mixture
from nao.report.markup import to_html
from nao.runs import StoredRun
from nao.runs.record import SearchRecord
from nao.spaces import ConvCell, NASBench201
from tests.report.trials import make_trials

CELLS = ConvCell(("none", "identity", "conv_1x1"), num_nodes=1)


def run_of(space, metrics):
    trials = [
        dataclasses.replace(trial, evaluation=Evaluation(0.5, own))
        for trial, own in zip(make_trials([0.5] * len(metrics)), metrics, strict=True)
    ]
    record = SearchRecord(space, Goals((Objective("val_accuracy"),)), "darts")
    return StoredRun(
        None, record, trials, "finished", {}, {}, {}, is_lost=False, notes=()
    )


def weights(prefix, *values):
    return dict(zip([prefix + name for name in "abc"], values, strict=False))


def test_it_says_what_has_most_weight_and_counts_skips():
    """Two branches in each of two cells: 4 operations, of which one is a skip."""
    metrics = [
        weights("weight_normal_", 0.5, 0.5)
        | weights("weight_reduction_", 0.5, 0.5)
        | {"num_skips": 0.0},
        weights("weight_normal_", 0.25, 0.75)
        | weights("weight_reduction_", 0.75, 0.25)
        | {"num_skips": 1.0},
    ]
    text = "".join(mixture.draw(run_of(CELLS, metrics)).itertext())
    assert "In the end b has most, 0.75; alike, each would have 0.5." in text
    assert "normal cells" in text and "reduction cells" in text
    assert "Of 4 operations 1 are skips in the last" in text
    assert "collapsed" not in text


@pytest.mark.parametrize(("skips", "told"), [(2.0, False), (3.0, True)])
def test_a_collapse_is_told(skips, told):
    metrics = [weights("weight_", 0.2, 0.3, 0.5) | {"num_skips": skips}]
    page = to_html(mixture.draw(run_of(NASBench201(), metrics)))
    assert ("the known failure of DARTS" in page) == told
    assert page.count("<svg") == 1 and page.count("weight weight-") == 6


def test_other_searches_have_none():
    assert mixture.draw(run_of(CELLS, [{"train_loss": 1.0}])) is None
