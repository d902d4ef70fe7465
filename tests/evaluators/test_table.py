import gzip

import jax
import numpy as np
import pytest

from nao import spaces
from nao.evaluators import table

SPACE = spaces.custom({"a": ("x", "y"), "b": ("1", "2")})
TEXT = "arch,a,b,acc,test\na=x b=1,x,1,0.5,0.4\na=x b=2,x,2,0.7,0.6\na=y b=1,y,1,,0.9\n"


def write(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text)
    return str(path)


def config(path, **fields):
    fields = {"architecture": "arch", "objective": "acc", "test": "test"} | fields
    return table.TableConfig(path=path, **fields)


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
        (TEXT + "a=z b=1,z,1,1,1\n", {}, "line 5: Unknown choice 'z' in slot 'a'"),
        (TEXT + "a=x b=1,x,1,1,1\n", {}, "line 5: architectures must differ.*line 2"),
        (TEXT + "a=y b=2,y,2,high,1\n", {}, "line 5: column 'acc' must be a number"),
        (TEXT + "a=y b=2,y\n", {}, "line 5: expected 5 columns, got 2"),
        ("arch,acc,test\na=x b=1,nan,1\n", {}, "no row with a finite 'acc'"),
        (TEXT, {"slots": "a", "architecture": ""}, "must name 2 columns"),
        (TEXT, {"slots": "a"}, "needs one of"),
        (TEXT, {"slots": "a,acc", "architecture": ""}, "neither the objective nor"),
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
