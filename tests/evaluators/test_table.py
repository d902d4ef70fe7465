import gzip
import os

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nao import spaces
from nao.config import Config
from nao.evaluators import Constraint, Goals, table, table_config

SPACE = spaces.custom({"a": ("x", "y"), "b": ("1", "2")})
TEXT = "arch,a,b,acc,test\na=x b=1,x,1,0.5,0.4\na=x b=2,x,2,0.7,0.6\na=y b=1,y,1,,0.9\n"


def write(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text)
    return str(path)


def config(path, **fields):
    fields = {"architecture": "arch", "objective": "acc", "test": "test"} | fields
    return table_config.TableConfig(path=path, **fields)


def values(evaluator, tokens):
    keys = jax.random.split(jax.random.key(0), len(tokens))
    return [evaluation.value for evaluation in evaluator.evaluate(tokens, keys)]


@pytest.mark.parametrize("columns", [{}, {"architecture": "", "slots": "a, b"}])
@pytest.mark.parametrize("given_space", [SPACE, None])
def test_values_come_back(tmp_path, columns, given_space):
    if given_space is None and not columns:
        pytest.skip("a space from the table needs slot columns")
    evaluator = table.load(config(write(tmp_path, TEXT), **columns), given_space)
    assert evaluator.num_skipped == 1
    space = evaluator.space
    tokens = np.stack([space.parse("a=x b=2"), space.parse("a=x b=1")])
    assert values(evaluator, tokens) == [0.7, 0.5]
    assert evaluator.test(tokens[0], jax.random.key(0)) == {"test": 0.6}


def test_the_objective_has_a_unit_where_one_is_given(tmp_path):
    given = config(write(tmp_path, TEXT), unit="%")
    assert table.load(given, SPACE).objective.label == "acc (%)"
    assert table.load(config(given.path), SPACE).objective.label == "acc"


def test_rows_that_do_not_fill_the_space_restrict_it(tmp_path, rng):
    evaluator = table.load(config(write(tmp_path, TEXT)), SPACE)
    assert evaluator.space.num_sequences == 2
    drawn = {evaluator.space.format(row) for row in evaluator.space.sample(rng, 30)}
    assert drawn == {"a=x b=1", "a=x b=2"}
    missing = SPACE.parse("a=y b=2")[None]
    (outcome,) = evaluator.evaluate(missing, jax.random.split(jax.random.key(0), 1))
    assert outcome.reason == "not in the table"


def test_quotes_blank_lines_and_odd_line_ends(tmp_path):
    text = '\r\n"a","acc"\r\n \r\n"x\n1",1\r\n"y, 2",2\r\n'
    given = config(write(tmp_path, text), architecture="", slots="a", test="")
    with pytest.raises(ValueError, match="printable"):
        table.load(given, None)
    given = config(
        write(tmp_path, text.replace("\n1", " 1")), architecture="", slots="a", test=""
    )
    assert table.load(given, None).space.slots[0].choices == ("x 1", "y, 2")


REMARKS = '# measured in May, by "us\n\n#\n'


@pytest.mark.parametrize(
    "text",
    [
        REMARKS + TEXT,
        "sep=,\n" + REMARKS + TEXT,
        REMARKS + TEXT.replace(",", ";"),
        REMARKS.replace("\n", "\r\n") + TEXT,
        "# " + TEXT,  # as NumPy's savetxt writes names
    ],
)
def test_remarks_above_the_header_are_skipped(tmp_path, text):
    """The first was taken for the header, or ended in a line about a quote."""
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    evaluator = table.load(config(str(path)), SPACE)
    assert values(evaluator, SPACE.parse("a=x b=2")[None]) == [0.7]


def test_lines_are_counted_with_remarks(tmp_path):
    path = write(tmp_path, REMARKS + TEXT + "a=y b=2,y,2,much,1\n")
    with pytest.raises(ValueError, match="line 8: column 'acc' must be a number"):
        table.load(config(path), SPACE)


def test_names_may_begin_as_remarks_do(tmp_path):
    path = write(tmp_path, "#a,acc\n#x,1\ny,2\n")
    given = config(path, architecture="", slots="#a", test="")
    (slot,) = table.load(given, None).space.slots
    assert slot.name == "#a" and slot.choices == ("#x", "y")


def test_a_file_of_remarks_alone_is_empty(tmp_path):
    with pytest.raises(ValueError, match="is empty; it needs a header line"):
        table.load(config(write(tmp_path, REMARKS)), SPACE)


def test_gzip_and_byte_order_mark(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(("\ufeff" + TEXT).encode()))
    assert table.load(config(str(path)), SPACE).space.num_sequences == 2


@pytest.mark.parametrize(
    ("text", "fields", "message"),
    [
        ("", {}, "is empty"),
        ("arch,acc,test\n", {}, "no rows"),
        (TEXT, {"objective": "loss"}, "no column 'loss'; known: arch, a, b, acc, test"),
        (
            TEXT + "a=z b=1,z,1,1,1\n",
            {},
            "line 5: column 'arch': Unknown choice 'z' in slot 'a'",
        ),
        (TEXT + "a=x b=1,x,1,1,1\n", {}, "line 5: architectures must differ.*line 2"),
        (TEXT + "a=y b=2,y,2,high,1\n", {}, "line 5: column 'acc' must be a number"),
        (
            TEXT + "a=y b=2,y\n",
            {},
            r"line 5: expected 5 columns, as in .*\(arch, a, b, acc, test\), got 2",
        ),
        ("arch,acc,test\na=x b=1,nan,1\n", {}, "no row with a finite 'acc'"),
        (TEXT, {"slots": "a", "architecture": ""}, "must name 2 columns"),
        (TEXT, {"slots": "a"}, "needs one of"),
        (TEXT, {"slots": "a,acc", "architecture": ""}, "no column of a measure"),
        (TEXT, {"slots": "a,b,a", "architecture": ""}, "name each column once"),
        (TEXT, {"sha256": "0"}, "must have SHA-256 0, got"),
        (TEXT, {"objective": ""}, "needs table.path and table.objective"),
    ],
)
def test_bad_tables_are_refused(tmp_path, text, fields, message):
    with pytest.raises(ValueError, match=message):
        table.load(config(write(tmp_path, text), **fields), SPACE)


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_table_that_can_not_be_read(tmp_path, name):
    with pytest.raises(ValueError, match="can't be read"):
        table.load(config(str(tmp_path / name)), SPACE)


def test_a_broken_archive(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-12])
    with pytest.raises(ValueError, match="can't be read"):
        table.load(config(str(path)), SPACE)


def test_wider_integers_are_the_same_architectures(tmp_path):
    """int64, as many programs make them, was "not in the table"."""
    evaluator = table.load(config(write(tmp_path, TEXT)), SPACE)
    tokens = next(evaluator.space.enumerate()).astype(np.int64)
    (found,) = evaluator.evaluate(tokens[:1], None)
    assert found.value is not None
    assert evaluator.test(tokens[0], None)


def read(tmp_path, text, slots="a", encoding="utf-8", **fields):
    """Loads a table whose slot columns are the space."""
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    fields = {"architecture": "", "slots": slots, "test": ""} | fields
    return table.load(config(str(path), **fields), None)


def found(evaluator):
    """Value of each choice of a space of one slot."""
    tokens = next(evaluator.space.enumerate())
    names = [evaluator.space.choices(row)[0] for row in tokens]
    return dict(zip(names, values(evaluator, tokens), strict=True))


@pytest.mark.parametrize(
    ("cells", "choices"),
    [
        ("0.1 0.10 1e-1 .2", (0.1, 0.2)),
        ("16 16.0 +16 32", (16, 32)),
        ("8 0.5", (8, 0.5)),
        ("-1 -1.00 1", (-1, 1)),
        ("True TRUE false true", (True, False)),
        ("True N/A", (True, None)),
        ("none null", None),  # text, as no cell is a number or a truth value
        ("01234 1234 1234.0", None),  # codes are names, not numbers
        ("12345678901234567890 12345678901234567891", None),  # equal as floats
        ("16 16.0 wide", None),
        ("16 16.0 N/A", (16, None)),
        ("16 N/A nan", (16, None)),
        ("True N/A <NA> None", (True, None)),
        ("1e999 1", None),
        ("1e9999999999999999999 1", None),
        ("True 1", None),
        ("1_0 10", None),
    ],
)
def test_equal_numbers_are_one_choice(tmp_path, cells, choices):
    """Spellings of numbers made a space several times too large.

    A column whose cells are not all numbers or truth values has text.
    """
    text = "a,acc\n" + "".join(f"{cell},1\n" for cell in cells.split())
    (slot,) = read(tmp_path, text, repeats="mean").space.slots
    assert slot == spaces.Slot("a", choices or tuple(cells.split()))


@pytest.mark.parametrize("cell", ["", "N/A", "NaN", "<NA>"])
def test_a_cell_that_says_nothing_is_no_choice_among_texts(tmp_path, cell):
    """Two spellings of it were two choices, and one of them the best."""
    with pytest.raises(ValueError, match=f"line 3: column 'a' must .*, got '{cell}'"):
        read(tmp_path, f"a,b,acc\nrelu,1,1\n{cell},1,2\n", slots="a,b")


def test_numbers_find_the_choices_of_a_space(tmp_path):
    space = spaces.custom({"width": (16, 32), "norm": (True, False)})
    path = write(tmp_path, "a,b,acc\n16.0,TRUE,1\n3.2e1,false,2\n")
    given = config(path, architecture="", slots="a,b", test="")
    evaluator = table.load(given, space)
    tokens = np.stack([space.parse("width=32 norm=False")])
    assert values(evaluator, tokens) == [2]
    # A space that has both spellings means two things by them.
    space = spaces.custom({"width": ("16", "16.0")})
    path = write(tmp_path, "a,acc\n16.0,1\n16,2\n")
    evaluator = table.load(config(path, architecture="", slots="a", test=""), space)
    assert found(evaluator) == {"16": 2, "16.0": 1}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("a;acc\nx;0,5\ny;1,25\n", "utf-8"),
        ("a\tacc\nx\t0.5\ny\t1.25\n", "utf-8"),
        ("a|acc\nx|0.5\ny|1.25\n", "utf-8"),
        ("sep=;\na;acc\nx;0.5\ny;1.25\n", "utf-8-sig"),
        ("sep=:\r\na:acc\r\nx:0.5\r\ny:1.25\r\n", "utf-8"),
        ("a,acc\nx,0.5\ny,1.25\n", "utf-16"),
        ("a,acc\nx,0.5\ny,1.25\n", "utf-16-le"),
        ("a,acc\nx,0.5\ny,1.25\n", "utf-16-be"),
        ("a,acc\nx,0.5\ny,1.25\n", "utf-32"),
        ("a,acc,,\nx,0.5,,\ny,1.25\n", "utf-8"),  # columns that a spreadsheet left
        ("a,acc\nx,0.5,,\ny,1.25,\n,,,\n", "utf-8"),
        (",a,acc\n0,x,0.5\n1,y,1.25\n", "utf-8"),  # an index that has no name
    ],
)
def test_tables_of_other_programs_are_read(tmp_path, text, encoding):
    assert found(read(tmp_path, text, encoding=encoding)) == {"x": 0.5, "y": 1.25}


def test_decimal_commas_of_slots_are_numbers_too(tmp_path):
    evaluator = read(tmp_path, "a;acc\n0,5;1\n0,50;3\n1;2\n", repeats="mean")
    assert found(evaluator) == {0.5: 2, 1: 2}
    with pytest.raises(ValueError, match="line 3: column 'acc' must be a number, got"):
        read(tmp_path, "a;acc\nx;0.5\ny;0,5\n")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_other_letters_than_of_utf8_are_said(tmp_path, encoding, caplog):
    evaluator = read(tmp_path, "größe,acc\nklein,1\nübergroß,2\n", "größe", encoding)
    assert evaluator.space.slots[0].choices == ("klein", "übergroß")
    assert "is not UTF-8; it is read as Windows-1252" in caplog.text


@pytest.mark.parametrize("nothing", ["", " ", "N/A", "nan", "NULL", "NaN", "#N/A"])
def test_a_row_without_a_number_is_skipped(tmp_path, nothing):
    evaluator = read(tmp_path, f"a,acc\nx,1\ny,{nothing}\n")
    assert (found(evaluator), evaluator.num_skipped) == ({"x": 1}, 1)


def test_columns_with_commas_can_be_named(tmp_path):
    text = '"width, px",b,acc\n1,2,3\n'
    evaluator = read(tmp_path, text, slots='"width, px", b')
    assert [slot.name for slot in evaluator.space.slots] == ["width, px", "b"]
    with pytest.raises(ValueError, match=r"must be a line of CSV, got .* end of data"):
        read(tmp_path, text, slots='"width')


def test_rows_of_one_design_are_averaged(tmp_path):
    """1 and 4: mean 2.5, sample deviation sqrt(2 * 1.5^2 / 1)."""
    text = "a,acc,test\nx,1,5\ny,7,\nx,4,\nx,nan,9\n"
    with pytest.raises(ValueError, match=r"line 4: .* line 2 too; table\.repeats=mean"):
        read(tmp_path, text)
    evaluator = read(tmp_path, text, test="test", repeats="mean")
    tokens = np.stack([evaluator.space.parse(f"a={c}") for c in "xy"])
    x, y = evaluator.evaluate(tokens, None)
    assert (x.value, y.value, evaluator.num_skipped) == (2.5, 7, 1)
    assert x.metrics == {"num_rows": 2, "standard_deviation": pytest.approx(4.5**0.5)}
    assert y.metrics == {"num_rows": 1}
    assert evaluator.test(tokens[0], None) == {"test": 5}
    assert evaluator.test(tokens[1], None) == {}
    with pytest.raises(ValueError, match="must be one of refuse, mean, got 'median'"):
        table_config.TableConfig(repeats="median")


def test_large_numbers_have_a_mean(tmp_path):
    evaluator = read(tmp_path, "a,acc\nx,1.5e308\nx,1.7e308\n", repeats="mean")
    assert found(evaluator) == {"x": 1.6e308}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\3\4\0\0", "it is a zip archive, as spreadsheets are; export it as CSV"),
        (b"PAR1\0\x15\0\0", "it is no text, as it holds zero bytes"),
        (gzip.compress(bytes(2**20)) * 300, "unpack to more than 268,435,456; if"),
        (b'a,acc,b\nx,1,"2\ny,2,3\n', "after line 1: unexpected end of data"),
        (b"a,acc\nx,1\n,2\n", "line 3: column 'a' must not be empty"),
        (b"a,acc\nx,1_0\n", "column 'acc' must be a number, got '1_0'"),
        (b"a;b\nx;1\n", "no column 'acc'; known: a, b"),
        (b"a,acc,a\nx,1,2\n", "must differ"),
    ],
)
def test_files_that_are_no_tables(tmp_path, data, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, data)


def test_a_pipe_is_no_table(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="can't be read: it is a named pipe, not a f"):
        table.load(config(str(tmp_path / "pipe")), SPACE)


WORDS = st.sampled_from(
    ["a", "b", "acc", "0.1", "1e-1", "0,5", "01", "True", "nan", "", "sep=;", "\x1f"]
)
CELLS = st.one_of(WORDS, st.text(max_size=5), st.just("x" * 600))
LINES = st.lists(
    st.builds(str.join, st.sampled_from([",", ";", "\t"]), st.lists(CELLS, max_size=5)),
    max_size=6,
)
TEXTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(lambda lines: "\n".join(lines).encode("utf-8", "replace"), LINES),
    st.builds(
        lambda lines, encoding: "\r\n".join(["a,b,acc", *lines]).encode(
            encoding, "replace"
        ),
        LINES,
        st.sampled_from(["utf-8", "utf-16", "latin-1"]),
    ),
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=TEXTS, repeats=st.sampled_from(["refuse", "mean"]), is_packed=st.booleans())
def test_any_file_is_a_table_or_an_error_of_one_line(
    tmp_path, data, repeats, is_packed
):
    try:
        data = gzip.compress(data) if is_packed else data
        evaluator = read(tmp_path, data, "a,b", repeats=repeats)
        assert np.isfinite(evaluator.best_value)
    except ValueError as error:
        assert len(str(error)) <= 500 and str(error).isprintable()


def test_columns_become_metrics_and_known_ones_need_no_measurement(tmp_path):
    text = "a,acc,size,ms\nx,0.5,10,3\ny,0.7,20,\n"
    given = table_config.TableConfig(
        path=write(tmp_path, text), slots="a", objective="acc", known="size"
    )
    evaluator = table.load(given, None, ["ms"])
    assert evaluator.metrics == ("ms", "size")
    tokens = np.concatenate(list(evaluator.space.enumerate()))
    first, second = evaluator.evaluate(tokens, None)
    assert first.metrics == {"ms": 3, "size": 10} and second.metrics == {"size": 20}
    known = evaluator.known(tokens)
    assert list(known) == ["size"] and known["size"].tolist() == [10, 20]
    goals = Goals.of(evaluator, ("acc", "ms"), minimize=["ms"])
    assert goals.checked(second).reason == "it has no ms"
    with pytest.raises(ValueError, match="No architecture keeps size at most 9: "):
        Goals.of(evaluator, constraints=[Constraint("size", at_most=9)])
    assert table.load(given, None).metrics == ("size",)


def test_a_column_named_seconds_is_what_an_evaluation_took(tmp_path):
    text = "a,acc,seconds\nx,0.5,10\ny,0.7,20\n"
    given = table_config.TableConfig(
        path=write(tmp_path, text), slots="a", objective="acc", known="seconds"
    )
    evaluator = table.load(given, None)
    tokens = np.concatenate(list(evaluator.space.enumerate()))
    assert [e.seconds for e in evaluator.evaluate(tokens, None)] == [10, 20]


def test_seconds_of_goals_are_those_of_the_table(tmp_path):
    """They were 0 of every row; a look-up takes no time worth searching for."""
    text = "a,acc,seconds\nx,0.5,10\ny,0.7,\n"
    path = write(tmp_path, text)
    given = table_config.TableConfig(path=path, slots="a", objective="acc")
    asked = Config(table=given, objectives=("acc", "seconds"))
    evaluator = table.from_settings(asked, None)
    tokens = np.concatenate(list(evaluator.space.enumerate()))
    first, second = evaluator.evaluate(tokens, None)
    assert (first.value, first.seconds) == (0.5, 10)
    assert second.reason == "it has no seconds"
    write(tmp_path, text.replace("10", "-3"))
    with pytest.raises(ValueError, match="'seconds' must be 0 to"):
        table.from_settings(asked, None)


def test_a_column_goes_before_a_number_of_repeats(tmp_path):
    text = "a,acc,num_rows\nx,0.5,7\nx,0.7,9\n"
    given = table_config.TableConfig(
        path=write(tmp_path, text), slots="a", objective="acc", repeats="mean"
    )
    evaluator = table.load(given, None, ["num_rows"])
    tokens = np.concatenate(list(evaluator.space.enumerate()))
    (found,) = evaluator.evaluate(tokens, None)
    assert found.metrics["num_rows"] == 8


@pytest.mark.parametrize(
    ("fields", "metrics", "message"),
    [
        ({"known": "acc"}, (), "table.known must name neither table.objective"),
        ({"known": "b"}, (), "no column of a measure"),
        ({}, ["size"], "has no column 'size'; known: arch, a, b, acc, test"),
        ({}, ["a"], "no column of a measure"),
        ({}, ["test"], "must not read table.test, 'test', which is for the final"),
        ({}, ["seconds"], "has no column 'seconds'"),
        ({}, ["cost"], "A metric must not be called .*; got 'cost'"),
    ],
)
def test_mistakes_in_columns_of_goals_are_named(tmp_path, fields, metrics, message):
    slots = {"architecture": "", "slots": "a,b"}
    given = config(write(tmp_path, TEXT), **slots, **fields)
    with pytest.raises(ValueError, match=message):
        table.load(given, SPACE, metrics)


PARTIAL = "a,b,early,acc\nx,1,0.1,0.5\nx,2,0.3,0.7\ny,1,,0.9\n"


def test_columns_of_smaller_budgets(tmp_path):
    """Of y 1 nothing is known early; a promotion costs a full training."""
    given = config(
        write(tmp_path, PARTIAL),
        architecture="",
        slots="a,b",
        test="",
        budgets="12:early, 200:acc",
    )
    evaluator = table.load(given, SPACE)
    assert evaluator.budgets == (12.0, 200.0)
    tokens = np.stack([SPACE.parse(f"a={a} b={b}") for a, b in ("x1", "x2", "y1")])
    assert values(evaluator, tokens) == [0.5, 0.7, 0.9]
    keys = jax.random.split(jax.random.key(0), 3)
    early = list(evaluator.evaluate(tokens, keys, np.array([12.0, 200.0, 12.0])))
    assert [outcome.value for outcome in early] == [0.1, 0.7, None]
    assert early[2].reason == "no value of budget 12 in the table"
    assert evaluator.cost(12.0, 0.0) == 0.06
    assert evaluator.cost(200.0, 12.0) == 1.0


def test_the_test_column_is_no_budget(tmp_path):
    """Searched by, it would be read for more than the final choice."""
    given = {"architecture": "", "slots": "a,b", "test": "early"}
    path = write(tmp_path, PARTIAL)
    with pytest.raises(ValueError, match=r"table\.budgets must not read table\.test"):
        table.load(config(path, **given, budgets="12:early,200:acc"), SPACE)


@pytest.mark.parametrize(
    "budgets", ["200:acc,12:early", "12:early", "x:early,200:acc", "acc", "12:,1:acc"]
)
def test_budgets_out_of_order_are_one_line(tmp_path, budgets):
    columns = {"architecture": "", "slots": "a,b", "test": "", "budgets": budgets}
    with pytest.raises(
        ValueError, match=r"table\.budgets must be NUMBER:COLUMN"
    ) as found:
        table.load(config(write(tmp_path, PARTIAL), **columns), SPACE)
    assert "\n" not in str(found.value)


FAMILY = spaces.TopologyFamily(("n", "s", "c", "3"), none="n", skip="s")
CELLS = FAMILY.of_edges(3)
# One function twice: c of the input, read along either way.
CELL_ROWS = "arch,01,02,12,acc\n|c~0|+|n~0|s~1|,c,n,s,1\n|s~0|+|n~0|c~1|,s,n,c,2\n"
COLUMNS = {"architecture": "", "slots": "01,02,12"}


@pytest.mark.parametrize("columns", [{}, COLUMNS], ids=["notation", "columns"])
def test_a_table_says_how_many_nodes_its_cells_have(tmp_path, columns):
    given = config(write(tmp_path, CELL_ROWS), test="", **columns)
    evaluator = table.load(given, FAMILY)
    assert evaluator.space.whole == CELLS
    tokens = np.stack([CELLS.parse("|s~0|+|n~0|c~1|"), CELLS.parse("|c~0|+|n~0|s~1|")])
    assert values(evaluator, tokens) == [2, 1]
    first, second = evaluator.space.canonical(tokens)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("slots", "space", "message"),
    [
        ("01,02", FAMILY, "table.slots: A cell has an edge .* got 2; nearest are 1"),
        ("01,02", CELLS, "must name 3 columns, one per slot of 'topology_cell', got 2"),
        ("", FAMILY, r"csv, line 2: column 'acc': A cell of space .* got '1'"),
    ],
)
def test_tables_of_no_cell_are_refused(tmp_path, slots, space, message):
    columns = {"architecture": "" if slots else "acc", "slots": slots, "test": ""}
    given = config(write(tmp_path, CELL_ROWS), **columns)
    with pytest.raises(ValueError, match=message):
        table.load(given, space)


def test_a_choice_that_the_space_lacks_is_named_with_its_column(tmp_path):
    given = config(write(tmp_path, CELL_ROWS + "x,c,p,s,1\n"), test="", **COLUMNS)
    with pytest.raises(
        ValueError, match=r"line 4: column '02': .*'p'.*known: n, s, c, 3"
    ):
        table.load(given, FAMILY)


def test_operations_that_are_numbers_may_be_written_otherwise(tmp_path):
    text = "01,02,12,acc\n0,1,2,5\n1,1.0,0,6\n"
    given = config(write(tmp_path, text), test="", **COLUMNS)
    evaluator = table.load(given, spaces.TopologyFamily(("0", "1", "2"), "0", "1"))
    tokens = evaluator.space.whole.parse("|1~0|+|1~0|0~1|")[None]
    assert values(evaluator, tokens) == [6]
