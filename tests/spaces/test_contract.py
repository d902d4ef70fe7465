"""What every space must keep."""

import json

import networkx as nx
import numpy as np
import pytest


def test_samples_are_valid_tokens(space, rng):
    tokens = space.sample(rng, 50)
    assert tokens.dtype == np.int32
    assert tokens.shape == (50, space.length)
    assert space.is_valid(tokens).all()
    assert space.legal[np.arange(space.length), tokens].all()


def test_vocabulary_starts_with_the_start_token_which_is_never_legal(space):
    assert space.vocabulary[0] == "<start>"
    assert len(set(space.vocabulary)) == len(space.vocabulary)
    assert not space.legal[:, 0].any()
    assert space.legal.any(1).all()
    assert space.legal[:, 1:].any(0).all()


def test_neighbours_and_lists_hold_valid_architectures_alone(space, rng):
    tokens = space.sample(rng, 5)
    for rows in map(space.neighbours, tokens):
        assert space.is_valid(rows).all()
    if space.num_sequences <= 100:
        (listed,) = space.enumerate()
        assert space.is_valid(listed).all()
        assert {*space.keys(tokens)} <= {*space.keys(listed)}


def test_choices_round_trip_with_their_types(space, rng):
    for tokens in space.sample(rng, 5):
        choices = space.by_slot(tokens)
        np.testing.assert_array_equal(space.from_choices(choices), tokens)
        for slot in space.slots:
            assert any(choices[slot.name] is choice for choice in slot.choices)


def test_out_of_range_and_illegal_tokens_are_invalid(space, rng):
    tokens = space.sample(rng, 1)
    for wrong in (-1, 0, len(space.vocabulary)):
        broken = tokens.copy()
        broken[0, -1] = wrong
        assert not space.is_valid(broken)[0]


def test_notation_and_json_round_trip(space, rng):
    for tokens in space.sample(rng, 20):
        np.testing.assert_array_equal(space.parse(space.format(tokens)), tokens)
        text = json.dumps(space.to_json(tokens))
        np.testing.assert_array_equal(space.parse(text), tokens)


def test_canonical_is_idempotent_and_valid(space, rng):
    tokens = space.sample(rng, 50)
    canonical = space.canonical(tokens)
    assert canonical.dtype == np.int32
    assert space.is_valid(canonical).all()
    np.testing.assert_array_equal(space.canonical(canonical), canonical)


def test_equivalents_share_the_canonical_form(space, rng):
    tokens = space.sample(rng, 50)
    equivalents = space.equivalents(rng, tokens)
    assert equivalents.dtype == np.int32
    assert space.is_valid(equivalents).all()
    np.testing.assert_array_equal(space.canonical(equivalents), space.canonical(tokens))


def test_one_hot_marks_one_choice_a_slot(space, rng):
    tokens = space.sample(rng, 20)
    marks = space.one_hot(tokens)
    assert marks.shape == (20, sum(len(slot.choices) for slot in space.slots))
    np.testing.assert_array_equal(marks.sum(1), space.length)
    assert len(np.unique(marks, axis=0)) == len(np.unique(tokens, axis=0))


def test_features_are_those_of_the_function(space, rng):
    tokens = space.sample(rng, 50)
    features = space.features(tokens)
    assert features.dtype == np.float32 and features.ndim == 2
    same = space.features(space.equivalents(rng, tokens))
    np.testing.assert_array_equal(features, same)


def test_counts_are_those_of_the_function(space, rng):
    tokens = space.sample(rng, 20)
    counts = space.counts(tokens)
    assert counts.dtype == np.float32 and len(counts) == 20
    np.testing.assert_array_equal(counts, space.counts(space.equivalents(rng, tokens)))


def test_mutation_changes_one_slot_where_there_is_a_choice(space, rng):
    tokens = space.sample(rng, 50)
    mutated = space.mutate(rng, tokens)
    assert space.is_valid(mutated).all()
    expected = int(space.num_sequences > 1)
    np.testing.assert_array_equal((mutated != tokens).sum(1), expected)


def test_keys_are_the_identity_of_sequences(space, rng):
    """Whatever integers, in whatever order of memory, they come as."""
    tokens = np.unique(space.sample(rng, 20), axis=0)
    keys = space.keys(tokens)
    assert len(set(keys)) == len(tokens)
    assert space.keys(tokens.astype(np.int64)) == keys
    assert space.keys(np.asfortranarray(tokens)) == keys
    for wrong in (tokens[0], tokens[:, :-1], tokens + 0.5, tokens + np.int64(2**32)):
        with pytest.raises(ValueError, match=r"are int32 \[num, "):
            space.keys(wrong)


def test_choice_indices_round_trip(space, rng):
    tokens = space.sample(rng, 20)
    indices = space.to_indices(tokens)
    assert (indices >= 0).all()
    np.testing.assert_array_equal(space.from_indices(indices), tokens)


def test_graph_is_acyclic_and_labelled(space, rng):
    graph = space.graph(space.sample(rng, 1)[0])
    assert nx.is_directed_acyclic_graph(graph)
    kinds = {"input", "operation", "node", "output"}
    for _, data in graph.nodes(data=True):
        assert data["kind"] in kinds
        assert data["label"]
        assert data["cell"]


def test_same_seed_same_samples(space):
    first, second = (space.sample(np.random.default_rng(7), 9) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_empty_batches_pass(space, rng):
    empty = space.sample(rng, 0)
    assert empty.shape == (0, space.length)
    assert space.is_valid(empty).shape == (0,)
    for result in (
        space.canonical(empty),
        space.mutate(rng, empty),
        space.equivalents(rng, empty),
    ):
        assert result.shape == (0, space.length)


def test_spaces_are_hashable_and_compare_by_content(space):
    assert hash(space) == hash(space)
    assert space in {space}


@pytest.mark.parametrize("text", ["", "nonsense", "{", '{"format": "other"}'])
def test_text_that_is_no_architecture_is_one_line(space, text):
    with pytest.raises(ValueError) as error:
        space.parse(text)
    assert "\n" not in str(error.value)


def test_json_of_another_space_is_refused(space, rng):
    data = space.to_json(space.sample(rng, 1)[0]) | {"space": "elsewhere"}
    with pytest.raises(ValueError, match="of space 'elsewhere', not"):
        space.parse(json.dumps(data))
