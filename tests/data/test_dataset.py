import pytest

from nao.data import DataConfig, config, dataset


def test_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match=r"'digit'; known: digits, clutt.*, .*npz"):
        dataset.load("digit")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": -1}, "num_train must be a whole number, not negative, got -1"),
        ({"num_validation": 1.5}, "num_validation must be a whole number"),
        ({"validation_share": 0}, "above 0 and below 0.5, got 0"),
        ({"validation_share": float("nan")}, "above 0 and below 0.5, got nan"),
    ],
)
def test_amounts_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dataset.load("digits", **options)


def test_options_that_a_data_set_does_not_have_are_refused():
    with pytest.raises(ValueError, match=r"has no data\.path; folder or npz .*'x'"):
        dataset.load("digits", "x")
    with pytest.raises(
        ValueError, match=r"data.image_size is for folder alone, got 8 with .digits."
    ):
        dataset.load("digits", image_size=8)


def test_fewer_images_are_the_same_in_every_run():
    few, again = (
        dataset.load("digits", num_train=20, num_validation=10) for _ in range(2)
    )
    assert len(few.train.labels) == 20 and len(few.validation.labels) == 10
    assert len(few.test.labels) == 389
    assert few.sha256() == again.sha256()
    assert few.sha256() != dataset.load("digits", num_train=21).sha256()


def test_options_of_texts_are_not_for_images_nor_the_other_way_round():
    for options, message in (
        ({"tokens": "characters"}, "data.tokens is for text_folder, text_file, python"),
        ({"max_vocabulary": 9}, "max_vocabulary is for .*, got 9 with 'digits'"),
        ({"tokens": "letters"}, "tokens must be one of words, characters, got 'lett"),
        ({"max_vocabulary": 1}, "max_vocabulary must be 0 or at least 2, got 1"),
        ({"max_vocabulary": -2}, "max_vocabulary must be a whole number, not negative"),
    ):
        with pytest.raises(ValueError, match=message):
            dataset.load("digits", **options)
    with pytest.raises(
        ValueError, match=r"validation_share is for digits, .*npz alone"
    ):
        dataset.load("python_topics", validation_share=0.2)


def test_a_config_is_checked_before_anything_is_loaded():
    with pytest.raises(ValueError, match="tokens must be one of words, characters"):
        DataConfig(tokens="letters")
    with pytest.raises(
        ValueError, match=r"data.max_vocabulary must be 0 or at least 2"
    ):
        DataConfig(max_vocabulary=1)


def test_a_config_loads_what_it_names(tmp_path):
    file = tmp_path / "some.txt"
    file.write_text("abab" * 20)
    chosen = DataConfig("text_file", str(file), tokens="characters", num_train=10)
    assert config.load(chosen).vocabulary == ("a", "b")
    assert len(config.prepare(chosen).train) == 10
