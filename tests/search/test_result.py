import pytest

import nao
from tests.searching import SPACE, Counting, search


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("found")
    return folder, search(folder, 12, strategy=nao.strategies.RandomSearch(SPACE))


def test_a_result_is_a_line_and_a_table_of_its_best(found):
    folder, result = found
    failed = sum(trial.value is None for trial in result.trials)
    best = f"best {result.best.value:.6g} in trial {result.best.index}"
    summed_up = f"12 trials, {failed} failed, {best}"
    assert repr(result) == f"Result({summed_up})"
    shown = result._repr_html_()
    assert shown.count("<tr>") == 6 and SPACE.format(result.best.tokens) in shown
    stored = nao.report.read(folder)
    assert repr(stored) == f"StoredRun({str(folder)!r}, finished, {summed_up})"
    assert stored._repr_html_().count("<tr>") == 6


def test_a_trial_is_a_line_and_a_table(found):
    _, result = found
    best, bad = result.best, next(t for t in result.trials if t.value is None)
    assert repr(best) == f"Trial({best.index}, value {best.value:.6g}, round 0)"
    assert repr(bad) == f"Trial({bad.index}, failed: a bad child, round 0)"
    assert "a bad child" in bad._repr_html_() and "total" in best._repr_html_()


def test_all_trials_are_rows_of_a_frame(found):
    pytest.importorskip("pandas")
    folder, result = found
    frame = result.to_dataframe()
    assert frame["trial"].tolist() == list(range(12))
    assert frame["sum"].max() == result.best.value
    assert {"architecture", "seconds", "metrics.total", "choices.slot0"} <= {*frame}
    assert frame.equals(nao.report.read(folder).to_dataframe())
    assert Counting.objective.name in frame
