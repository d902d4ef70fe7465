import pytest

from nao.spaces import recurrent_genotype
from nao.spaces.recurrent_genotype import Genotype


@pytest.mark.parametrize(
    ("genotype", "text"),
    [
        (
            Genotype((("tanh", 0), ("relu", 1)), range(1, 3)),
            "Genotype(recurrent=[('tanh', 0), ('relu', 1)], concat=range(1, 3))",
        ),
        (
            Genotype((("tanh", 0),), [1], "relu"),
            "Genotype(recurrent=[('tanh', 0)], concat=[1], first='relu')",
        ),
    ],
)
def test_a_genotype_is_read_as_it_is_written(genotype, text):
    assert recurrent_genotype.write(genotype) == text
    expected = genotype._replace(concat=list(genotype.concat))
    assert recurrent_genotype.read(text) == expected


def test_other_spellings_of_python_are_read():
    """As DARTS's own files have it, over several lines."""
    text = """
        Genotype(
            recurrent = (
                ["tanh", 0],
            ),
        )
    """
    assert recurrent_genotype.read(text) == Genotype((("tanh", 0),))


@pytest.mark.parametrize(
    "text",
    [
        "Genotype",
        "Genotype()",
        "Genotype([('tanh', 0)], [1])",
        "Genotype(recurrent=[('tanh', 0)], [1])",
        "Genotype(recurrent=[('tanh', 0)], other=1)",
        "Genotype(recurrent=[('tanh', 0, 1)])",
        "Genotype(recurrent=[(0, 'tanh')])",
        "Genotype(recurrent=[('tanh', True)])",
        "Genotype(recurrent=[('tanh', 0)], concat=list())",
        "Genotype(recurrent=[('tanh', 0)], concat=range(1, 2, 0))",
        "Genotype(recurrent=[('tanh', 0)], concat=3)",
        "Genotype(recurrent=[('tanh', 0)], concat=[1, 'a'])",
        "Genotype(**{'recurrent': []})",
        "Genotype(recurrent=print('run'))",
        "Other(recurrent=[('tanh', 0)])",
        "(" * 1000,
        "\0",
    ],
)
def test_other_text_is_no_genotype(text, capsys):
    assert recurrent_genotype.read(text) is None
    assert not capsys.readouterr().out


def test_a_range_of_any_length_is_read_at_once():
    text = f"Genotype(recurrent=[('tanh', 0)], concat=range({10**30}))"
    assert len(recurrent_genotype.read(text).concat) == 1000


def test_darts_has_tanh_first():
    text = "Genotype(recurrent=[('relu', 0)], concat=[1])"
    assert recurrent_genotype.to_darts(text) == text
    with pytest.raises(ValueError, match="in the initial state; the cell has relu"):
        recurrent_genotype.to_darts(text[:-1] + ", first='relu')")
    with pytest.raises(ValueError, match="reads Genotype"):
        recurrent_genotype.to_darts("0 1 0 1")
