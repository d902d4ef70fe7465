"""The script that times children on an accelerator, at its smallest, on CPU."""

import jax
import pytest

from experiments.benchmarks import on_accelerator
from experiments.benchmarks.on_accelerator import Measured, Variant


@pytest.fixture(autouse=True)
def two_devices(monkeypatch):
    monkeypatch.setattr(on_accelerator, "MEASURE_S", 0)
    devices = jax.devices()[:2]
    monkeypatch.setattr(jax, "devices", lambda: devices)


def run(capsys, *words):
    """Returns what is printed, and the cells of its tables' rows."""
    on_accelerator.main(["--tiny", "--dtypes", "float32", *words])
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    return printed, [[c.strip() for c in x.strip("|").split("|")] for x in lines]


def test_a_part_has_a_row_for_each_program_and_number_of_devices(
    tmp_path, capsys, monkeypatch
):
    """A child takes 5 epochs of 2 steps of 0.2 s, specialised 10 s to compile."""
    monkeypatch.setattr(on_accelerator, "measure", lambda *_: Measured(10.0, 0.2, 3.0))
    path = tmp_path / "table.md"
    words = ("--parts", "digits", "--at_once", "4", "--output", str(path))
    printed, rows = run(capsys, *words)
    assert path.read_text() == printed
    assert printed.startswith("2 cpu (cpu), ") and f"jax {jax.__version__}" in printed
    assert rows[0] == list(on_accelerator.COLUMNS)
    alone = ["10.0 s", "200 ms", "200 ms", "3 MiB"]
    assert rows[2:] == [
        ["universal", "float32", "1", "1", "4", *alone, "1,800"],
        ["specialised", "float32", "1", "1", "4", *alone, "300"],
        ["universal", "float32", "1", "4", "4", *alone[:2], "50 ms", "3 MiB", "7,200"],
        ["universal", "float32", "2", "1", "4", *alone[:2], "100 ms", "3 MiB", "3,600"],
    ]


def test_what_fails_says_so_in_its_row(capsys, monkeypatch):
    def fail(*_):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 80 GiB\nand more")

    monkeypatch.setattr(on_accelerator, "measure", fail)
    _, rows = run(capsys, "--parts", "split")
    assert rows[2][5:] == ["failed: RESOURCE_EXHAUSTED: 80 GiB", *["-"] * 4]


def test_rows_without_time_are_named(capsys, monkeypatch):
    """The first of a part is measured all the same."""
    monkeypatch.setattr(on_accelerator, "measure", lambda *_: Measured(10.0, 0.2, 3.0))
    printed, rows = run(capsys, "--parts", "split", "cifar_32", "--seconds", "0")
    assert printed.count("Left out, as 0 s did not suffice") == 2
    assert "universal float32 2 1 4" in printed
    assert [row[0] for row in rows if row[0] in ("universal", "specialised")] == [
        "universal"
    ] * 2


def test_devices_double_and_all_come_first():
    found = list(on_accelerator.variants(["float32"], [], 6))
    universal = [v.num_devices for v in found if v.program == "universal"]
    assert universal == [1, 6, 2, 4]
    assert found[1] == Variant("specialised", "float32")


@pytest.mark.slow
def test_several_children_on_each_of_two_devices_are_measured():
    case = on_accelerator._case("digits", 64, is_tiny=True)
    found = on_accelerator.measure(case, Variant("universal", "float32", 2, 2))
    assert min(found) > 0


def test_several_children_in_one_program_are_lowered_in_native_form():
    case = on_accelerator._case("digits", 64, is_tiny=True)
    variant = Variant("universal", "bfloat16", at_once=2)
    train, states, (keys, *fixed) = on_accelerator.make_training(case, variant)
    traced = train.trace(keys, *jax.eval_shape(lambda *x: x, states, *fixed))
    for platform in ("cuda", "tpu"):
        text = traced.lower(lowering_platforms=(platform,)).as_text()
        assert "stablehlo.convolution" in text


@pytest.mark.slow
def test_all_rows_of_a_part_are_measured(capsys):
    _, rows = run(capsys, "--parts", "cifar_32", "--at_once", "2")
    assert len(rows) == 6
    for row in rows[2:]:
        units = [cell.split()[-1] for cell in row[5:9]]
        assert units == ["s", "ms", "ms", "MiB"]
        assert float(row[9].replace(",", "")) > 0
