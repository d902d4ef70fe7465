"""Numbers of a text, worked by hand."""

import time

import numpy as np
import pytest

from nao.data import load, text

TRAIN = "the cat saw the dog\nthe dog ran\n\n"
# the 3, <eos> 3, dog 2, then by place: cat, saw, ran
VOCABULARY = ("the", "<eos>", "dog", "cat", "saw", "ran")


@pytest.fixture
def folder(tmp_path):
    def make(train=TRAIN, valid="the dog saw\n", test="the cat ran"):
        for name, own in (("train", train), ("valid", valid), ("test", test)):
            (tmp_path / f"{name}.txt").write_bytes(own.encode())
        return str(tmp_path)

    return make


@pytest.fixture
def file(tmp_path):
    def make(own):
        path = tmp_path / "own.txt"
        path.write_bytes(own.encode())
        return str(path)

    return make


def test_words_are_numbered_by_how_frequent_they_are(folder):
    data = load("text_folder", folder())
    assert data.vocabulary == VOCABULARY
    # An empty line is a line, and a last line ends although nothing says so.
    assert data.train.tolist() == [0, 3, 4, 0, 2, 1, 0, 2, 5, 1, 1]
    assert data.validation.tolist() == [0, 2, 4, 1]
    assert data.test.tolist() == [0, 3, 5, 1]
    assert data.train.dtype == np.int32
    assert data.text(data.train) == TRAIN


def test_characters_are_numbered_with_the_ends_of_lines(folder):
    data = load("text_folder", folder("abba\ncab", "a\nb", "bc"), tokens="characters")
    assert data.vocabulary == ("a", "b", "\n", "c")
    assert data.train.tolist() == [0, 1, 1, 0, 2, 3, 0, 1]
    assert data.validation.tolist() == [0, 2, 1]
    assert data.text(data.train) == "abba\ncab"


def test_what_training_lacks_is_unknown(folder, caplog):
    data = load("text_folder", folder(valid="the bird saw\nbirds\n"))
    assert data.vocabulary == (*VOCABULARY, "<unk>")
    assert data.validation.tolist() == [0, 6, 4, 1, 6, 1]
    assert data.text(data.validation) == "the <unk> saw\n<unk>\n"
    (record,) = caplog.records
    assert "2 of 6 validation words are not in the training" in record.getMessage()


def test_the_warning_names_the_parts_that_lack_tokens(folder, caplog):
    load("text_folder", folder(test="a bird"))
    (message,) = caplog.messages
    assert message.startswith("2 of 3 test words are not in the training text, so")
    load("text_folder", folder(valid="the bird saw\n", test="a bird"))
    assert "1 of 4 validation words and 2 of 3 test words are not" in caplog.messages[1]
    # `<unk>` in none of what is kept of the parts: nothing to warn of.
    few = {"tokens": "characters", "max_vocabulary": 3, "num_train": 4}
    load("text_folder", folder("aabbcd", "ab", "ab"), **few)
    assert len(caplog.messages) == 2


def test_a_corpus_that_has_unknown_words_has_no_others(folder, caplog):
    data = load("text_folder", folder("<unk> b <unk>\n", "b c\n"))
    assert data.vocabulary == ("<unk>", "b", "<eos>")
    assert data.validation.tolist() == [1, 0, 2]
    assert not caplog.records


@pytest.mark.parametrize(
    ("most", "vocabulary"),
    [
        (2, ("the", "<unk>")),
        (4, ("the", "<eos>", "dog", "<unk>")),
        (6, VOCABULARY),
        (0, VOCABULARY),
    ],
)
def test_a_small_vocabulary_keeps_what_is_frequent(folder, most, vocabulary):
    data = load("text_folder", folder(), max_vocabulary=most)
    assert data.vocabulary == vocabulary


def test_an_unknown_word_takes_one_place_of_a_full_vocabulary(folder):
    data = load("text_folder", folder(valid="birds\n"), max_vocabulary=6)
    assert data.vocabulary == (*VOCABULARY[:5], "<unk>")
    data = load("text_folder", folder("<unk> <unk> a b\n", "a\n"), max_vocabulary=3)
    assert data.vocabulary == ("<unk>", "a", "b")


def test_one_text_is_cut_in_order(file):
    """100 characters: 90, 5 and 5; of 41 words 36, 2 and 3."""
    digits = "0123456789" * 10
    data = load("text_file", file(digits), tokens="characters")
    assert data.text(data.train) == digits[:90]
    assert data.text(data.validation) == digits[90:95]
    assert data.text(data.test) == digits[95:]
    data = load("text_file", file("a b c d " * 10))
    assert [len(own) for own in data.splits.values()] == [36, 2, 3]


def test_less_of_a_text_has_the_same_vocabulary(folder):
    data = load("text_folder", folder(), num_train=3, num_validation=2)
    assert data.train.tolist() == [0, 3, 4] and data.validation.tolist() == [0, 2]
    assert data.vocabulary == VOCABULARY and len(data.test) == 4
    with pytest.raises(ValueError, match="num_train must be at most the 11 words that"):
        load("text_folder", folder(), num_train=12)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("a" * 50, "two different characters or more, .*, got 'a' alone in text_file"),
        ("ab" * 10, "so it needs 40 characters or more, got 20 in text_file"),
        (" \n", "own.txt must hold text, got 2 bytes without any"),
    ],
)
def test_texts_that_are_too_short_are_refused(file, own, message):
    with pytest.raises(ValueError, match=message):
        load("text_file", file(own), tokens="characters")


def test_millions_of_tokens_are_numbered_at_once():
    """As many characters as Penn Treebank has take a second, not a minute."""
    words = [f"w{number}" for number in range(1000)]
    own = " ".join(np.random.default_rng(0).choice(words, 10**6).tolist())
    options = {"max_vocabulary": 0, "num_train": 0, "num_validation": 0}
    for tokens, num in (("words", 1001), ("characters", 12)):
        begun = time.process_time()
        data = text.load("x", lambda _: {"train": own}, "", tokens=tokens, **options)
        assert time.process_time() - begun < 10
        assert len(data.vocabulary) in (num, num - 1)
