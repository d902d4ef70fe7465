import json

import pytest

from nao import fields
from nao.commands import build
from nao.config import Config
from nao.runs import reader
from nao.spaces import SpaceConfig


def test_every_field_explains_itself():
    for leaf in fields.leaves(Config):
        assert leaf.help, leaf.name
        assert leaf.help.endswith("."), leaf.name


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


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"space": SpaceConfig(name="custom", slots={"a": ("1", "2")})},
            "trained in the spaces conv_cell and nasbench201, got 'custom'",
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
