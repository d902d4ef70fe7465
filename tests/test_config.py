import dataclasses
import json

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nao import fields
from nao.child import ChildConfig
from nao.commands import build
from nao.commands.request import Request
from nao.config import BenchmarkConfig, Config
from nao.controller import ControllerConfig
from nao.data import DataConfig
from nao.runs import reader
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig
from tests.json_values import JSON, replaced
from tests.searching import search


def test_every_field_explains_itself():
    for leaf in fields.leaves(Config):
        assert leaf.help, leaf.name
        assert leaf.help.endswith("."), leaf.name


def test_a_field_with_another_default_means_the_same():
    leaves = {leaf.name: leaf for leaf in fields.leaves(Config)}
    plain, shared = leaves["random.round_size"], leaves["random_ws.round_size"]
    assert (plain.default, shared.default) == (50, 1000) and plain.help == shared.help


def configs(cls):
    """Yields a config class and the classes of its parts."""
    yield cls
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(field.type):
            yield from configs(field.type)


@pytest.mark.parametrize("cls", [*configs(Config)], ids=lambda cls: cls.__name__)
def test_docstrings_list_every_field(cls):
    _, _, attributes = cls.__doc__.partition("\n\nAttributes:\n")
    listed = [line.split(":")[0].strip() for line in attributes.splitlines()]
    assert listed == [field.name for field in dataclasses.fields(cls)]


def test_dots_at_the_end_of_a_help_text_stay():
    @dataclasses.dataclass(frozen=True)
    class Own:
        seeds: int = fields.option(1, "seeds 0, 1, 2, ...")
        units: int = fields.option(1, "units of a layer")

    assert [leaf.help for leaf in fields.leaves(Own)] == [
        "seeds 0, 1, 2, ...",
        "units of a layer.",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"num_trials": "10"}, "num_trials must be a whole number, got '10'."),
        ({"num_trials": 2.0}, "num_trials must be a whole number, got 2.0."),
        ({"child": {"epochs": True}}, "child.epochs must be a whole number, got True."),
        (
            {"child": {"epochs": float("inf")}},
            "child.epochs must be a whole number, got inf.",
        ),
        (
            {"nao": {"temperature": float("inf")}},
            "nao.temperature must be a finite number, got inf.",
        ),
        (
            {"gp": {"encoding": None}},
            "gp.encoding must be text, got None.",
        ),
        ({"table": {"path": 5}}, "table.path must be text, got 5."),
        ({"table": 5}, "table must be given by an object, got 5."),
        ({"function": {"maximize": 1}}, "function.maximize must be true or false"),
        (
            {"nao": {"step_sizes": [1, "x"]}},
            "nao.step_sizes[1] must be a number, got 'x'.",
        ),
        (
            {"nao": {"controller": {"predictor_sizes": 5}}},
            "nao.controller.predictor_sizes must be a tuple, got 5.",
        ),
        ({"space": {"slots": "ab"}}, "space.slots must be a mapping, got 'ab'."),
        ({"seed": 2**32}, "seed must be at most 4294967295, got 4294967296."),
        ({"seed": -1}, "seed must be 0 to 2**32 - 1, got -1."),
        ({"child": {"shift": 2**31}}, "child.shift must be at most 2147483646, got 21"),
        (
            {"child": {"learning_rate": 1e39}},
            "child.learning_rate must be at most 3.40282e+38, got 1e+39.",
        ),
        ({"child": {"cutout": -(2**31)}}, "child.cutout must be at least -2147483647"),
    ],
)
def test_a_value_of_another_type_or_size_is_named(data, message):
    with pytest.raises(ValueError) as error:
        fields.from_dict(json.loads(json.dumps(data)), Config())
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ChildConfig(epochs="5"), "epochs must be a whole number, got '5'"),
        (lambda: NAOConfig(round_size=2.5), "nao.round_size must be a whole number"),
        (lambda: NAOConfig(controller={}), "nao.controller must be a ControllerConfig"),
        (lambda: ControllerConfig(grad_clip=np.inf), "grad_clip must be a finite numb"),
        (lambda: DataConfig(validation_share="x"), "data.validation_share must be a n"),
        (lambda: BenchmarkConfig("nao"), "benchmark.strategies must be a tuple, got"),
        (lambda: Config(storage=None), "storage must be text, got None"),
    ],
)
def test_a_config_made_in_python_is_checked_as_well(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_numbers_of_numpy_are_numbers_and_can_be_written():
    config = ChildConfig(
        epochs=np.int64(3), momentum=np.float32(0.5), flip=np.bool_(True)
    )
    data = json.loads(json.dumps(fields.to_dict(config)))
    assert (data["epochs"], data["momentum"], data["flip"]) == (3, 0.5, True)


@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(st.data())
def test_any_json_in_any_field_is_a_config_or_one_line(data):
    whole = json.loads(json.dumps(fields.to_dict(Config())))
    text = json.dumps(data.draw(st.one_of(JSON, replaced(whole))))
    try:
        found = fields.from_dict(json.loads(text), Config())
    except ValueError as error:
        assert len(str(error).splitlines()) == 1
    else:
        written = json.dumps(fields.to_dict(found), allow_nan=False)
        assert fields.from_dict(json.loads(written), Config()) == found


def test_json_round_trip():
    config = Config(space=SpaceConfig(name="custom", slots={"a": (1, 2)}))
    data = json.loads(json.dumps(fields.to_dict(config)))
    back = fields.from_dict(data, Config())
    assert fields.to_dict(back) == fields.to_dict(config)
    assert back.nao == config.nao


def test_dotted_names_override():
    config = fields.override(
        Config(), {"seed": 3, "nao.round_size": 5, "nao.controller.hidden_size": 8}
    )
    assert (config.seed, config.nao.round_size) == (3, 5)
    assert config.nao.controller.hidden_size == 8
    assert config.nao.top_k == Config().nao.top_k


def test_an_unknown_field_names_the_nearest():
    with pytest.raises(ValueError, match="'sede'; did you mean seed"):
        fields.override(Config(), {"sede": 3})


def test_a_folder_without_a_run_has_no_config(tmp_path):
    assert reader.read_config(tmp_path) is None
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(ValueError, match="can't be read"):
        reader.read_config(tmp_path)


def test_a_run_that_python_began_asks_for_a_config(tmp_path):
    search(tmp_path, 3)
    with pytest.raises(ValueError, match=r"that launch\.py began, got one of nao") as e:
        reader.read_config(tmp_path)
    assert "--config" not in str(e.value)  # which Python has not
    request = Request(tmp_path, (), "digits", False, {}, str(tmp_path))
    with pytest.raises(ValueError, match=r"nao\.search\. .* named with --config\."):
        request.config(of_run=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"space": SpaceConfig(name="custom", slots={"a": ("1", "2")})},
            "trained in the spaces conv_cell, .*got 'custom'",
        ),
        (
            {"space": SpaceConfig(name="table"), "evaluator": "function"},
            "needs evaluator=table",
        ),
    ],
)
def test_parts_that_do_not_fit(fields, message):
    with pytest.raises(ValueError, match=message):
        build.evaluator(Config(**fields))
