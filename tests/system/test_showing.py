import sys

import pytest

from nao.system import showing


def test_a_table_is_escaped_and_short():
    rows = [{"a<b": 0.123456789, "text": "<script>" * 40, "none": None}] * 12
    shown = showing.to_html("5 < 6", rows)
    assert "<script" not in shown and "5 &lt; 6" in shown and "a&lt;b" in shown
    assert "0.123457" in shown and "and 2 more" in shown
    assert shown.count("<tr>") == 11
    assert "color" not in shown  # of the page alone, be it light or dark


def test_without_pandas_a_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas, .* pip install pandas$"):
        showing.to_frame([{"a": 1}])


def test_nested_rows_are_columns():
    pytest.importorskip("pandas")
    frame = showing.to_frame([{"a": 1, "metrics": {"loss": 2.5}}])
    assert frame["metrics.loss"].tolist() == [2.5]


def test_choices_keep_their_types_in_a_frame():
    """Of 1, 2 and None pandas makes floats and NaN."""
    pytest.importorskip("pandas")
    rows = [{"choices": {"k": k, "n": n}} for k, n in ((1, 3), (None, 4), (True, 5))]
    frame = showing.to_frame(rows)
    assert [*map(repr, frame["choices.k"])] == ["1", "None", "True"]
    assert frame["choices.n"].dtype == "int64"


def test_one_is_singular():
    """Pages and messages said 1 trials, 1 compilations."""
    assert showing.counted(1, "trial") == "1 trial"
    assert showing.counted(0, "trial") == "0 trials"
    assert showing.counted(2, "query", "queries") == "2 queries"
