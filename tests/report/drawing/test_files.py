"""Figures are written, and the same way every time."""

import matplotlib

from nao import report, spaces


def _draw(rng):
    space = spaces.NASBench201()
    return report.draw_architecture(space, space.sample(rng, 1)[0])


def test_files_are_written_next_to_each_other(tmp_path, rng):
    svg, png = report.save(_draw(rng), tmp_path / "new" / "best.v2")
    assert svg == tmp_path / "new" / "best.v2.svg" and svg.stat().st_size
    assert png == tmp_path / "new" / "best.v2.png" and png.stat().st_size


def test_same_architecture_gives_the_same_bytes(tmp_path, rng):
    space = spaces.ConvCell(num_nodes=2)
    tokens = space.sample(rng, 1)[0]
    first = report.save(report.draw_architecture(space, tokens), tmp_path / "first")
    second = report.save(report.draw_architecture(space, tokens), tmp_path / "second")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_global_settings_are_left_alone(tmp_path, rng):
    before = dict(matplotlib.rcParams)
    report.save(_draw(rng), tmp_path / "figure")
    assert dict(matplotlib.rcParams) == before
