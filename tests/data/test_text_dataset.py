import numpy as np
import pytest

from nao.data import TextDataset

TOKENS = np.array([0, 1, 1], np.int32)


def toy(vocabulary=("a", "b"), test=TOKENS, unit="words"):
    return TextDataset("toy", vocabulary, TOKENS, TOKENS, test, unit)


def test_the_hash_is_of_tokens_and_what_they_stand_for():
    assert toy().sha256() == toy().sha256()
    others = toy(("a", "c")), toy(("ab", "")), toy(test=TOKENS[:2])
    assert len({toy().sha256(), *(other.sha256() for other in others)}) == 4


def test_tokens_become_text():
    assert toy(("a", "b")).text(TOKENS) == "a b b"
    assert toy(("a", "<eos>")).text([0, 0, 1, 1, 0, 1]) == "a a\n\na\n"
    assert toy(("a", "\n"), unit="characters").text(TOKENS) == "a\n\n"
    assert toy().describe() == "3 train, 3 validation, 3 test words, 2 different"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocabulary": ()}, "two different words or more, .*, got none alone in toy"),
        ({"vocabulary": ("a",)}, "got 'a' alone in toy"),
        ({"vocabulary": ("a", "b", "a")}, "vocabulary, got 1 token again in toy"),
        ({"test": TOKENS[:1]}, "needs 2 words or more, got 1 in test of toy"),
        ({"test": TOKENS + 1}, r"in \[0, 2\), .*, got 1 to 2 in test of toy"),
        ({"test": TOKENS.astype(float)}, r"int32 \[num\], got float64 \[3\] in test"),
        ({"unit": "lines"}, "unit must be words or characters, got 'lines'"),
    ],
)
def test_what_is_no_text_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        toy(**changes)
