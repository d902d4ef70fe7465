import dataclasses

import pytest

from nao.evaluators import Evaluation
from nao.report import answer, figures, finalists
from nao.report.markup import to_html
from nao.runs import reader
from nao.strategies import RandomSearch
from tests.searching import SPACE, Counting, search


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished search; trial 3 was the best, then 0, 5 and 1."""
    folder = tmp_path_factory.mktemp("run")
    search(folder, 6, Counting(), RandomSearch(SPACE))
    found = reader.read(folder)
    values = (0.40, 0.38, 0.2, 0.45, None, 0.39)
    trials = [
        dataclasses.replace(t, evaluation=Evaluation(v, reason="" if v else "bad"))
        for t, v in zip(found.trials, values, strict=True)
    ]
    return dataclasses.replace(found, trials=trials)


def measured(run, **again):
    """Returns the run with further measurements by trial, None where one failed."""
    trials = list(run.trials)
    for name, value in again.items():
        repeat = Evaluation(value, reason="" if value else "diverged")
        index = int(name[1:])
        trials[index] = dataclasses.replace(trials[index], repeats=(repeat,))
    return dataclasses.replace(run, trials=trials)


def text(element):
    return "".join(element.itertext())


def test_without_finalists_there_is_no_section(run):
    assert finalists.table(run) is None


def test_each_finalist_has_a_row_and_the_chosen_one_says_so(run):
    """Means are 0.40, 0.41 and 0.38: trial 0 is chosen."""
    found = measured(run, t3=0.35, t0=0.42, t5=0.37)
    section = finalists.table(found)
    assert text(section.find("h2")) == "The best three, measured again"
    rows = [[text(cell) for cell in row][:5] for row in section.iter("tr")][1:]
    assert rows == [
        ["0", "0.40", "0.42", "0.41", "chosen"],
        ["3", "0.45", "0.35", "0.40", ""],
        ["5", "0.39", "0.37", "0.38", ""],
    ]
    said = text(section.find("p"))
    assert "the second sum was 0.033 below the first, 0.38 after 0.41:" in said
    assert "partly luck. Of the variance of one sum, " in said


def test_two_finalists_tell_nothing_of_noise(run):
    said = text(finalists.table(measured(run, t3=0.46, t0=0.43)).find("p"))
    assert "above the first, 0.445 after 0.425." in said
    assert "luck" not in said and "variance" not in said


def test_equal_measurements_have_no_noise(run):
    found = measured(run, t3=0.45, t0=0.40, t5=0.39)
    assert "They measured the same again. There is no noise" in text(
        finalists.table(found)
    )


def test_one_that_failed_again_comes_last(run):
    section = finalists.table(measured(run, t3=None, t0=0.36, t5=0.38))
    rows = [[text(cell) for cell in row][:5] for row in section.iter("tr")][1:]
    assert rows[0][0] == "5" and rows[-1] == ["3", "0.450", "failed", "", ""]
    every = finalists.table(measured(run, t3=None, t0=None))
    assert "None could be measured again" in text(every)


def test_where_the_last_counts_it_is_called_the_last(run):
    found = measured(run, t3=0.35, t0=0.42, t5=0.37)
    drifting = [dataclasses.replace(trial, drifts=True) for trial in found.trials]
    page = to_html(
        answer.best_architecture(dataclasses.replace(found, trials=drifting))
    )
    assert "the last of 2 in trial 0 of the random round" in page and ">0.42<" in page


def test_the_answer_is_called_a_mean(run):
    found = measured(run, t3=0.35, t0=0.42, t5=0.37)
    page = to_html(answer.best_architecture(found))
    assert "mean of 2 in trial 0 of the random round" in page and ">0.41<" in page
    assert "cost of 9 full evaluations" in to_html(answer.header(found))
    caption = to_html(figures.progress(found))
    assert "by the mean, the best is trial 0" in caption
