import pathlib
import tarfile

import pytest

import launch
from nao.data import load, text_sources

SHAKESPEARE = (
    pathlib.Path(launch.__file__).parents[1] / "shared/data/text/tinyshakespeare.tar.xz"
)


@pytest.mark.parametrize(
    "names",
    [
        ("train.txt", "valid.txt", "test.txt"),
        ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"),
        ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"),
    ],
)
def test_published_corpora_are_known_by_their_names(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text(f"{name} a\n")
    (tmp_path / "ptb.char.train.txt").write_text("p t b")
    found = text_sources.read_folder(str(tmp_path))
    expected = zip(("train", "validation", "test"), names, strict=True)
    assert found == {part: f"{name} a\n" for part, name in expected}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "train.txt, valid.txt and test.txt, or ptb.train.txt, .*has: nothing"),
        (("a.txt", "b.txt"), "or wiki.train.tokens, .*; it has: a.txt, b.txt"),
        (("valid.txt", "test.txt"), "it has: test.txt, valid.txt"),
        (("ptb.train.txt", "c"), "hold ptb.train.txt, ptb.valid.txt and ptb.test.txt;"),
        (("ptb.train.txt", "train.txt"), "got train.txt and ptb.train.txt"),
        (map(str, range(7)), "it has: 0, 1, 2, 3, 4 and others.$"),
    ],
)
def test_folders_without_all_parts_are_refused(tmp_path, names, message):
    for name in names:
        (tmp_path / name).write_text("a b")
    with pytest.raises(ValueError, match=message) as raised:
        load("text_folder", str(tmp_path))
    assert "\n" not in str(raised.value)


def test_files_that_are_no_text_are_refused(tmp_path):
    file = tmp_path / "own.txt"
    for data, message in (
        (b"", "own.txt must hold text, got 0 bytes without any"),
        (b"caf\xe9 ol\xe9", r"own.txt must be text in UTF-8, got byte 0xe9 at place 3"),
    ):
        file.write_bytes(data)
        with pytest.raises(ValueError, match=message):
            load("text_file", str(file))


def test_paths_are_checked(tmp_path):
    file = tmp_path / "own.txt"
    file.write_text("a b")
    for name, path, message in (
        ("text_file", "", "text_file needs data.path, a file"),
        ("text_file", tmp_path / "x", "x can't be read: No such file"),
        ("text_file", tmp_path, "can't be read: it is a folder, not a file"),
        ("text_file", "x" * 999, "x can't be read: File name too long"),
        ("text_folder", "x" * 999, "must be a folder with train.txt"),
        ("text_file", "a\nb", "^a b can't be read: No such file or directory.$"),
        ("text_folder", "", "needs data.path, a folder with train.txt, valid.txt and"),
        ("text_folder", tmp_path / "x", "must be a folder with train.txt, .*/x'"),
        ("text_folder", file, "text_file reads one file, got '.*own.txt'"),
        ("python_topics", "x", "has no data.path; text_file or text_folder .*'x'"),
    ):
        with pytest.raises(ValueError, match=message):
            load(name, str(path))


def test_ends_of_lines_and_marks_of_editors_are_no_text(tmp_path):
    file = tmp_path / "own.txt"
    file.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert text_sources.read_file(str(file)) == {"train": "a\nb\nc\n"}


@pytest.mark.parametrize("tokens", ["words", "characters"])
def test_python_brings_a_text(tokens):
    data = load("python_topics", tokens=tokens)
    assert len(data.train) > 10 * len(data.test) > 10_000
    assert data.sha256() == load("python_topics", tokens=tokens).sha256()


@pytest.mark.skipif(not SHAKESPEARE.exists(), reason="needs Tiny Shakespeare")
def test_tiny_shakespeare_is_cut_as_usual(tmp_path):
    with tarfile.open(SHAKESPEARE) as archive:
        archive.extractall(tmp_path, filter="data")
    data = load("text_file", str(tmp_path / "input.txt"), tokens="characters")
    assert [len(own) for own in data.splits.values()] == [1_003_854, 55_770, 55_770]
    assert sum(map(len, data.splits.values())) == 1_115_394
    assert len(data.vocabulary) == 65
    assert data.text(data.train[:14]) == "First Citizen:"
