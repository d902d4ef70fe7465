"""Charts, by their coordinates."""

import numpy as np
import pytest

from nao.report import chart
from nao.report.chart import Chart
from nao.report.markup import data_script, element, to_html


def _texts(drawn, name):
    return [t.text for t in drawn.svg.iter("text") if name in t.get("class").split()]


def test_places_are_linear_and_inside():
    drawn = Chart("title", (0, 10), (-1, 1), ("x", "y"))
    assert drawn.x(5) == pytest.approx((drawn.x(0) + drawn.x(10)) / 2, abs=0.1)
    assert drawn.y(-1) > drawn.y(0) > drawn.y(1)
    assert 0 < drawn.x(0) < drawn.x(10) < chart.WIDTH
    assert 0 < drawn.y(1) < drawn.y(-1) < chart.HEIGHT


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ((91.2, 91.6), ["91.2", "91.3", "91.4", "91.5", "91.6"]),
        ((-0.001, 0.001), ["-0.0010", "-0.0005", "0.0000", "0.0005", "0.0010"]),
        ((0, 3e7), ["0", "5e+06", "1e+07", "1.5e+07", "2e+07", "2.5e+07", "3e+07"]),
    ],
)
def test_ticks_are_round_and_differ(ends, expected):
    assert _texts(Chart("title", (0, 1), ends, ("", "y")), "end") == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (1, ["1"]),
        (4, ["1", "2", "3", "4"]),
        (24, ["1", "5", "10", "15", "20", "24"]),
        (120, ["1", "20", "40", "60", "80", "100", "120"]),
        (101, ["1", "20", "40", "60", "80", "101"]),
    ],
)
def test_an_axis_that_counts_has_its_first_and_last(last, expected):
    ends = (0.5, last + 0.5)
    drawn = Chart("title", ends, (0, 1), ("trials", "y"), whole_x=True)
    assert [text for text in _texts(drawn, "tick") if "." not in text] == expected


def test_a_pointer_ends_at_the_ring_that_it_points_to():
    drawn = Chart("title", (0, 1), (0, 1))
    end = np.array([0.5, 1.0])
    drawn.pointer(np.array([0.5, 0.0]), end, "path", "path-0")
    drawn.ring(*end, "path found", "path-0")
    line, head, ring = drawn.svg
    x, y = (float(ring.get(name)) for name in ("cx", "cy"))
    # Upwards; a head of 4 before its middle touches the ring.
    tip = y + float(ring.get("r")) + 4
    assert head.get("transform") == f"translate({x:.1f} {tip:.1f}) rotate(-90)"
    assert line.get("points").split()[1] == f"{x:.1f},{tip:.1f}"
    assert {each.get("data-trial") for each in drawn.svg} == {"path-0"}


def test_steps_keep_a_value_until_the_next():
    drawn = Chart("title", (0, 2), (0, 1))
    drawn.steps([0, 1, 2], [0, 1], "best")
    points = drawn.svg.find("polyline").get("points").split()
    x, y = drawn.x, drawn.y
    assert points == [f"{x(a)},{y(b)}" for a, b in [(0, 0), (1, 0), (1, 1), (2, 1)]]


def test_one_value_has_an_axis_too():
    assert chart.extent([3.0]) == (2.7, 3.3)
    assert chart.extent([0.0, 0.0]) == (-1.0, 1.0)
    assert chart.extent([]) == (0.0, 1.0)
    drawn = Chart("title", (1, 1), (2, 2), ("x", "y"))
    assert np.isfinite([drawn.x(1), drawn.y(2)]).all()


def test_texts_are_escaped_and_data_ends_no_script():
    page = element("p", {"title": '"<b>"'}, "<i>", element("br"), "&", None)
    assert to_html(page).split("\n")[1] == (
        '<p title="&quot;<b&gt;&quot;">&lt;i&gt;<br>&amp;</p>'
    )
    # Neither control characters nor what turns the direction of a text.
    assert "a\ufffdb\ufffdc\n" in to_html(element("p", {}, "a\u202eb\x1bc\n"))
    script = to_html(data_script("data", {"a": "</script>"}))
    assert script.count("</script>") == 1 and "\\u003c/script>" in script
