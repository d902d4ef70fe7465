"""What queries answer with: rows that go into other queries, tables and frames."""

import numpy as np
import pytest

import nao
from nao import embedding as rooms
from tests.embedding.conftest import SPACE


@pytest.fixture(scope="module")
def answers(embedding, everything):
    a, b = everything[41], everything[42]
    return {
        "propose": embedding.propose(4),
        "pareto": embedding.pareto(num_directions=2, confidence=0.0),
        "neighbours": embedding.neighbours(a, 3),
        "interpolate": embedding.interpolate(a, b, 4),
        "sample": embedding.sample(5, a),
        "ascend": embedding.ascend(everything[40:43], steps=3).best(),
    }


KINDS = {
    "propose": rooms.Found,
    "pareto": rooms.Front,
    "neighbours": rooms.Neighbours,
    "interpolate": rooms.Line,
    "sample": rooms.Found,
    "ascend": rooms.Ends,
}


@pytest.mark.parametrize("query", KINDS)
def test_every_search_of_the_space_answers_alike(embedding, answers, query):
    found = answers[query]
    assert type(found) is KINDS[query] and found.tokens.shape == (len(found), 4)
    assert found.architectures == embedding.format(found.tokens)
    again = embedding.predict_all(found)  # it goes into a query as it is
    for name, prediction in found.predicted.items():
        np.testing.assert_allclose(prediction.mean, again[name].mean, rtol=1e-5)
        np.testing.assert_allclose(prediction.std, again[name].std, rtol=1e-4)


@pytest.mark.parametrize("query", KINDS)
def test_answers_show_themselves_in_a_line_and_in_a_table(answers, query):
    found = answers[query]
    assert repr(found) == (f"{type(found).__name__}({len(found)} architectures of toy)")
    shown = found._repr_html_()
    assert shown.count("<tr>") == len(found) + 1
    assert "score" in shown and found.architectures[0] in shown


def test_paths_maps_and_indices_are_a_line_each(embedding, everything):
    path = embedding.ascend(everything[:2], steps=3)
    assert repr(path) == "Path(2 ascents of 3 steps in toy)"
    assert repr(embedding.ascend(everything[0], steps=1).best()).startswith("Ends(1 a")
    assert repr(embedding.index()) == "Index(40 architectures)"
    assert repr(embedding.map()) == "Map(40 architectures, pca)"
    assert repr(embedding) == ("Embedding(toy, 40 architectures, predicts score, cost)")
    assert "<td" in embedding._repr_html_() and "lower" in embedding._repr_html_()


def test_frames_have_a_row_for_each_architecture(embedding, answers):
    pytest.importorskip("pandas")
    frame = embedding.to_dataframe()
    assert len(frame) == 40
    np.testing.assert_array_equal(frame["cost"], embedding.values[:, 1])
    assert {"architecture", "predicted.score", "std.cost", "choices.slot3"} <= {*frame}
    near = answers["neighbours"].to_dataframe()
    assert {"architecture", "predicted.cost", "distance"} <= {*near}
    assert answers["ascend"].to_dataframe()["is_new"].dtype == bool
    assert "layer" in answers["pareto"].to_dataframe()


def test_what_a_front_search_measured_is_shown():
    tokens = SPACE.sample(np.random.default_rng(0), 2)
    found = rooms.Measured(SPACE, tokens, {"score": np.array([1.5, np.nan])})
    assert repr(found) == "Measured(2 architectures of toy)"
    assert "1.5" in found._repr_html_()


def test_every_answer_is_public():
    assert {kind.__name__ for kind in KINDS.values()} <= set(nao.embedding.__all__)
