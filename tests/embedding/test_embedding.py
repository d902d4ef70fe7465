import logging

import jax
import numpy as np
import pytest

import nao
from nao import spaces
from nao.controller import metrics
from nao.embedding import search_front
from nao.system.compiling import CompileMonitor
from tests.embedding.conftest import SPACE, TINY, cost, score


def test_predicts_unseen_values_in_their_unit(embedding, everything):
    """41 rows never seen with a value, of two simple objectives."""
    unseen = everything[40:]
    for name, actual in (("score", score(unseen)), ("cost", cost(unseen))):
        mean, std = embedding.predict(unseen, name)
        assert mean.shape == std.shape == (41,) and (std >= 0).all()
        assert metrics.kendall_tau(actual, mean) > 0.7
        assert np.abs(mean - actual).mean() < 0.5 * actual.std()
    both = embedding.predict_all(unseen)
    np.testing.assert_array_equal(both["cost"].mean, mean)


def test_deviations_cover_errors(embedding, single, everything):
    """Held-out rows say how far off unseen ones may be; four in five within two."""
    assert (embedding.objectives.errors > 0).all()
    assert (single.objectives.errors == 0).all()
    mean, std = embedding.predict(everything[40:], "cost")
    error = np.abs(mean - cost(everything[40:]))
    assert (error <= 2 * std).mean() > 0.8
    assert std.mean() < 3 * np.sqrt((error**2).mean())


def test_architectures_are_read_in_every_form(embedding, everything):
    row = everything[50]
    text = SPACE.format(row)
    choices = dict(zip([s.name for s in SPACE.slots], SPACE.choices(row), strict=True))
    expected = embedding.encode(row)
    assert expected.shape == (1, 32)
    for form in (text, choices, row[None], row.tolist(), [text], [row, choices][:1]):
        np.testing.assert_array_equal(embedding.encode(form), expected)
    assert embedding.encode([text, row, choices]).shape == (3, 32)
    assert embedding.encode([]).shape == (0, 32)
    assert embedding.format(row) == [text]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("slot0=a", "lacks slots"),
        ([1, 2, 3], r"shape \[num, 4\]"),
        ([1, 2, 3, 9], "Not a valid architecture"),
        (np.zeros((2, 4)), "must be integers"),
        (3, "Not an architecture"),
        ([[1, 2, 3, 1], [[1]]], "must be text, choices by slot or 4 tokens"),
        ({"slot0": "z"}, "lacks slots"),
    ],
)
def test_what_is_no_architecture_is_named(embedding, wrong, message):
    with pytest.raises(ValueError, match=message):
        embedding.encode(wrong)


def test_embeddings_are_the_means_of_points(embedding, everything):
    points = embedding.encoder_outputs(everything[:5])
    assert points.shape == (5, 4, 32)
    parts = points.reshape(5, 4, 2, 16)
    np.testing.assert_allclose(np.linalg.norm(parts, axis=-1), 1, rtol=1e-3)
    mean = parts.mean(1)
    mean = mean / np.linalg.norm(mean, axis=-1, keepdims=True) / np.sqrt(2)
    embeddings = embedding.encode(everything[:5])
    np.testing.assert_allclose(embeddings, mean.reshape(5, 32), atol=1e-4)
    np.testing.assert_allclose(embedding.pool(points), embeddings, atol=1e-5)
    np.testing.assert_allclose(
        embedding.predict(points).mean,
        embedding.predict(everything[:5]).mean,
        atol=1e-4,
    )


def test_decoding_returns_what_was_encoded(embedding, everything):
    unseen = everything[40:]
    assert embedding.reconstruction(unseen).mean() > 0.9
    points = embedding.encoder_outputs(unseen)
    decoded = embedding.decode(points)
    same = (decoded == unseen).all(-1)
    np.testing.assert_array_equal(same, embedding.reconstruction(unseen))
    drawn = embedding.decode(points, num_samples=3, temperature=5.0)
    assert drawn.shape == (41, 3, 4) and (drawn[:, 0] != drawn[:, 1]).any()
    cold = embedding.decode(points, num_samples=2, temperature=0.0)
    np.testing.assert_array_equal(cold, decoded[:, None].repeat(2, 1))


def test_decoded_is_grammatical_at_any_distance(embedding, rng):
    points = 1e3 * rng.normal(size=(50, 4, 32)).astype(np.float32)
    assert SPACE.is_valid(embedding.decode(points)).all()
    assert SPACE.is_valid(embedding.sample(20, distance=100.0).tokens).all()


def test_gradient_is_the_slope_of_predictions(single, everything):
    """One member, so a step along the gradient changes the target by its length."""
    points = single.encoder_outputs(everything[:6])
    gradient = single.gradient(points)

    def target(points):
        return single.latent.predict(points)[:, 0, 0]

    step = 1e-2 * gradient
    slope = (target(points + step) - target(points - step)) / 2
    np.testing.assert_allclose(slope, (gradient * step).sum((1, 2)), rtol=0.1)
    # Where less is better, the gradient still points to better values.
    assert (slope >= 0).all()


def test_ascent_climbs_and_returns_the_path(embedding, everything):
    start = everything[40:60]
    path = embedding.ascend(start, steps=8, step_size=0.2)
    assert path.points.shape == (9, 20, 4, 32)
    assert path.tokens.shape == (9, 20, 4)
    assert path.at_points["score"].mean.shape == (9, 20)
    # In targets: a value says no more than that a point is above the best measured.
    start_target, *_, end_target = (
        embedding.latent.predict(points).mean(1)[:, 0] for points in path.points
    )
    assert (end_target > start_target).mean() > 0.9
    assert score(path.best().tokens).mean() > score(start).mean() + 1
    np.testing.assert_array_equal(path.starts.tokens, start)
    moved = (path.best().tokens != start).any(-1)
    assert moved[score(start) < 3].all()
    np.testing.assert_array_equal(path.best().is_new, moved)


def test_ascent_of_no_steps_stays(embedding, everything):
    path = embedding.ascend(everything[0], steps=0)
    np.testing.assert_array_equal(
        path.points[0], embedding.encoder_outputs(everything[0])
    )
    np.testing.assert_array_equal(path.best().tokens, path.starts.tokens)
    assert not path.best().is_new.any()


def test_ascent_lowers_what_is_to_be_minimised(embedding, everything):
    path = embedding.ascend(everything[40:60], 8, 0.2, "cost")
    assert cost(path.best().tokens).mean() < cost(everything[40:60]).mean() - 5


def test_ascent_keeps_a_constraint(embedding, everything):
    """`b` raises the score and costs; at most 120 allows two of them."""
    bound = nao.Constraint("cost", at_most=120)
    start = everything[40:70]
    free = embedding.ascend(start, 10, 0.2).best().tokens
    held = embedding.ascend(start, 10, 0.2, constraints=[bound]).best().tokens
    assert bound.allows(cost(held)).mean() > bound.allows(cost(free)).mean() + 0.5
    proposed = embedding.propose(5, "score", [bound], confidence=0.5)
    assert 1 <= len(proposed.tokens) <= 5
    assert bound.allows(cost(proposed.tokens)).mean() >= 0.8
    assert bound.allows(proposed.predicted["cost"].mean).all()


def test_proposals_are_new_and_ranked(embedding, everything):
    exclude = everything[40:50]
    found = embedding.propose(8, exclude=exclude)
    mean = found.predicted["score"].mean
    assert (np.diff(mean) <= 0).all()
    seen = {row.tobytes() for row in everything[:50]}
    assert not any(row.tobytes() in seen for row in found.tokens)
    again = embedding.propose(8, exclude=exclude)
    np.testing.assert_array_equal(found.tokens, again.tokens)


def test_interpolation_joins_both_ends(embedding, everything):
    a, b = everything[41], everything[42]
    line = embedding.interpolate(a, b, 5)
    points, tokens = line.points, line.tokens
    assert points.shape == (5, 4, 32) and tokens.shape == (5, 4)
    np.testing.assert_allclose(points[0], embedding.encoder_outputs(a)[0], atol=1e-3)
    np.testing.assert_array_equal(
        tokens[[0, -1]], embedding.decode(embedding.encoder_outputs([a, b]))
    )
    with pytest.raises(ValueError, match="num must be at least 2, got 1"):
        embedding.interpolate(a, b, 1)
    with pytest.raises(ValueError, match="One architecture is needed here, got 2"):
        embedding.interpolate([a, b], b, 3)


def test_samples_stay_near(embedding, everything):
    near = embedding.sample(30, everything[45], distance=0.0).tokens
    assert (near == embedding.decode(embedding.encoder_outputs(everything[45]))).all()
    far = embedding.sample(30, everything[45], distance=3.0).tokens
    assert len(np.unique(far, axis=0)) > 3


def test_neighbours_of_the_evaluated_and_of_others(embedding, everything):
    found = embedding.neighbours(everything[7], 3)
    np.testing.assert_array_equal(found.tokens[0], everything[7])
    np.testing.assert_allclose(found.distances[0], 0, atol=1e-5)
    assert (np.diff(found.distances) >= 0).all()
    index = embedding.index(everything)
    again = embedding.neighbours(everything[60], 4, among=index)
    assert again.indices[0] == 60
    assert (
        len(embedding.neighbours(everything[60], 99, among=everything[:9]).tokens) == 9
    )


def test_maps_place_paths_too(embedding, everything):
    drawn = embedding.map()
    assert drawn.coordinates.shape == (40, 2) and drawn.explained.sum() <= 1
    placed = drawn.project(embedding.encode(everything[:3]))
    np.testing.assert_allclose(placed, drawn.coordinates[:3], atol=1e-4)
    path = embedding.ascend(everything[50:52], steps=3)
    assert drawn.project(embedding.pool(path.points)).shape == (4, 2, 2)
    other = embedding.map(everything[:30], "tsne")
    assert other.coordinates.shape == (30, 2)
    placed = other.project(other.embeddings[:2])
    np.testing.assert_allclose(placed, other.coordinates[:2], rtol=1e-3)
    with pytest.raises(ValueError, match="method must be one of pca, tsne"):
        embedding.map(method="umap")


def test_a_map_of_one(embedding, everything):
    assert (embedding.map(everything[:1]).coordinates == 0).all()


def test_equal_rows_are_one_place(embedding, everything):
    """Hundreds of equal rows crash scikit-learn's t-SNE."""
    alike = np.repeat(everything[:1], 600, axis=0)
    alone = embedding.map(alike, "tsne")
    np.testing.assert_allclose(alone.coordinates, 0, atol=1e-5)
    drawn = embedding.map(np.concatenate([alike, everything[:9]]), "tsne")
    assert drawn.method == "tsne" and np.isfinite(drawn.coordinates).all()
    assert len(np.unique(drawn.coordinates, axis=0)) == 9


def test_call_sizes_share_programs(embedding, everything):
    """Sizes up to 32 rows are padded to the same, so the second compiles nothing."""
    calls = (embedding.encode, embedding.predict, embedding.gradient)
    for call in calls:
        call(everything[:3])
    embedding.ascend(everything[:3], steps=2)
    embedding.decode(embedding.encoder_outputs(everything[:3]))
    with CompileMonitor() as monitor:
        for call in calls:
            call(everything[:17])
        embedding.ascend(everything[:5], steps=4, step_size=0.3, objective="cost")
        embedding.decode(embedding.encoder_outputs(everything[:20]))
    assert not [name for name in monitor.counts if name.startswith("latent")]


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5])
def test_seeds_that_no_key_can_be_made_of(single, everything, seed):
    """They were another seed's without a word, or what a library says."""
    calls = (
        lambda: nao.Embedding.fit(SPACE, everything, score(everything), seed=seed),
        lambda: single.sample(2, seed=seed),
        lambda: single.map(everything, seed=seed),
        lambda: single.propose(2, seed=seed),
        lambda: single.decode(np.zeros((1, 1, 1)), num_samples=1, seed=seed),
        lambda: search_front(SPACE, score, 4, seed=seed),
    )
    for call in calls:
        with pytest.raises(ValueError, match="seed must be"):
            call()


def test_same_seed_same_fit(single, everything):
    known = everything[:40]
    again = nao.Embedding.fit(
        SPACE, known, score(known), config=single.latent.controller.config, held_out=0
    )
    jax.tree.map(
        np.testing.assert_array_equal, again.latent.params, single.latent.params
    )


@pytest.mark.parametrize(
    ("values", "minimize", "message"),
    [
        (np.ones(3), (), "'objective' must be 4 numbers"),
        ({"a": [1, 2, 3, np.nan]}, (), "'a' must be finite, got nan in row 3"),
        ({}, (), "at least one column"),
        ({"a": np.ones(4)}, ["b"], "minimize names 'b'"),
        ({"a": np.ones(4)}, "a", "must be a list of names, got 'a'"),
    ],
)
def test_mistakes_of_a_fit_are_named(everything, values, minimize, message):
    with pytest.raises(ValueError, match=message):
        nao.Embedding.fit(SPACE, everything[:4], values, minimize=minimize, config=TINY)


def test_a_fit_needs_rows_and_a_share_of_them(everything):
    with pytest.raises(ValueError, match="at least one architecture, got none"):
        nao.Embedding.fit(SPACE, [], [])
    for share in (-0.5, 1.0, np.nan):
        with pytest.raises(ValueError, match="held_out must be at least 0 and below 1"):
            nao.Embedding.fit(SPACE, everything[:4], np.ones(4), held_out=share)


def test_mistakes_of_queries_are_named(embedding, everything):
    with pytest.raises(
        ValueError, match="Unknown objective 'speed'; known: score, cost"
    ):
        embedding.predict(everything[0], "speed")
    with pytest.raises(ValueError, match=r"Points must have shape \[num, 4, 32\]"):
        embedding.decode(np.zeros((2, 4, 31)))
    point = embedding.encoder_outputs(everything[0])
    for query in (embedding.decode, embedding.predict, embedding.neighbours):
        with pytest.raises(ValueError, match="Points must be finite"):
            query(np.nan * point)
    with pytest.raises(ValueError, match=r"temperature 0 to 1e\+06, got 2 and inf"):
        embedding.decode(point, 2, np.inf)
    with pytest.raises(ValueError, match="at least one start"):
        embedding.ascend([])
    with pytest.raises(ValueError, match="to stay near, got none"):
        embedding.sample(1, near=[])
    with pytest.raises(ValueError, match="confidence must be a finite number, got n"):
        embedding.propose(1, confidence=np.nan)
    with pytest.raises(ValueError, match="confidence must be a finite number, got n"):
        embedding.pareto(confidence=np.nan)
    with pytest.raises(ValueError, match="two or more distinct objectives"):
        embedding.pareto(["score", "cost", "score"])
    with pytest.raises(ValueError, match="must not be negative"):
        embedding.ascend(everything[0], steps=-1)
    with pytest.raises(ValueError, match="needs a finite at_most or at_least"):
        nao.Constraint("cost")


def test_an_architecture_outside_a_table_is_read_too(single, everything):
    """A table's space is a list; the latent space is that of the whole."""
    subset = spaces.Subset(SPACE, everything[:40])
    table = nao.embedding.Embedding(
        subset, single.latent, single.objectives, single.tokens, single.values
    )
    np.testing.assert_array_equal(
        table.encode(everything[60]), single.encode(everything[60])
    )


def test_bounds_that_contradict_each_other_are_named(embedding, everything):
    """An ascent went on without a word, a front was empty."""
    bounds = [nao.Constraint("cost", at_most=1), nao.Constraint("cost", at_least=4)]
    for call in (
        lambda: embedding.pareto(constraints=bounds),
        lambda: embedding.ascend(everything[0], constraints=bounds),
    ):
        with pytest.raises(ValueError, match="at_least must not be above at_most, got"):
            call()


@pytest.mark.parametrize("wrong", [nao.Constraint("cost", at_most=120), "cost", [120]])
def test_constraints_that_are_no_list_are_named(embedding, everything, wrong):
    """One bound in place of a list ended in `'Constraint' object is not iterable`."""
    for query in (
        lambda: embedding.propose(3, constraints=wrong),
        lambda: embedding.pareto(constraints=wrong),
        lambda: embedding.ascend(everything[0], constraints=wrong),
        lambda: embedding.gradient(everything[0], constraints=wrong),
    ):
        with pytest.raises(TypeError, match=r"must be a list such as \[nao\.Constr"):
            query()


def test_a_wrong_object_is_no_space_or_config(tmp_path, everything):
    for wrong in (spaces.NASBench201, nao.strategies.NAO(SPACE), "toy"):
        for call in (
            lambda wrong=wrong: nao.Embedding.fit(wrong, everything[:4], np.ones(4)),
            lambda wrong=wrong: nao.Embedding.load(tmp_path / "a.nao", wrong),
            lambda wrong=wrong: nao.Embedding.from_workdir(tmp_path, wrong),
        ):
            with pytest.raises(TypeError, match="space must be a space such as"):
                call()
    with pytest.raises(TypeError, match=r"config must be a nao\.ControllerConfig"):
        wrong = nao.strategies.NAOConfig()
        nao.Embedding.fit(SPACE, everything[:4], np.ones(4), config=wrong)


def test_equal_cells_of_unequal_values_are_counted(everything, caplog):
    """They were averaged without a word."""
    rows = everything[[0, 1, 0, 2, 0, 2]]
    with caplog.at_level(logging.WARNING, "absl"):
        nao.Embedding.fit(SPACE, rows, [1, 2, 3, 4, 1, 4], config=TINY, held_out=0)
        assert "3 of 6 rows are of 1 architecture with unequal" in caplog.text
        caplog.clear()
        nao.Embedding.fit(SPACE, rows, [1, 2, 1, 4, 1, 4], config=TINY, held_out=0)
        assert not caplog.records


def test_wrong_arguments_are_told_in_public_words(embedding, everything):
    """The class that Python named is in no documentation."""
    with pytest.raises(TypeError, match=r"^Embedding\.encode\(\) got an unexpected"):
        embedding.encode(everything[0], encoder_outputs=True)
