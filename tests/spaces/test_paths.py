import numpy as np

from nao import spaces


def test_path_counts_of_three_nodes_by_hand():
    """0 -c-> 1, 0 -skip-> 2, 1 -3-> 2: an empty path, and c then 3."""
    space = spaces.TopologyCell(("n", "s", "c", "3"), 3, none="n", skip="s")
    # Columns: none; 3, c; 3 3, 3 c, c 3, c c.
    (counts,) = space.features(space.parse("|c~0|+|s~0|3~1|")[None])
    np.testing.assert_array_equal(counts, [1, 0, 0, 0, 0, 1, 0])
    (counts,) = space.features(space.parse("|s~0|+|c~0|c~1|")[None])
    np.testing.assert_array_equal(counts, [0, 0, 2, 0, 0, 0, 0])


def test_features_of_many_paths_are_cut_to_the_short_ones(rng):
    operations = (*"abcdefgh", "n")
    space = spaces.TopologyCell(operations, 6, none="n")
    # 1 + 8 + 64 + 512; 8^4 more would be 4,681.
    assert space.features(space.sample(rng, 3)).shape == (3, 585)
