import json

import pytest

from nao import config as config_lib
from nao import experiment
from nao.config import Config, SpaceConfig


def test_every_field_explains_itself():
    for leaf in config_lib.leaves():
        assert leaf.help, leaf.name
        assert leaf.help.endswith("."), leaf.name


def test_json_round_trip():
    config = Config(space=SpaceConfig(name="custom", slots={"a": (1, 2)}))
    data = json.loads(json.dumps(config_lib.to_dict(config)))
    back = config_lib.from_dict(data)
    assert config_lib.to_dict(back) == config_lib.to_dict(config)
    assert back.nao == config.nao


def test_dotted_names_override():
    config = config_lib.override(
        Config(), {"seed": 3, "nao.round_size": 5, "nao.controller.hidden_size": 8}
    )
    assert (config.seed, config.nao.round_size) == (3, 5)
    assert config.nao.controller.hidden_size == 8
    assert config.nao.top_k == Config().nao.top_k


def test_an_unknown_field_names_the_nearest():
    with pytest.raises(ValueError, match="'sede'; did you mean seed"):
        config_lib.override(Config(), {"sede": 3})


def test_a_folder_without_a_run_has_no_config(tmp_path):
    assert experiment.read_config(tmp_path) is None
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(ValueError, match="can't be read"):
        experiment.read_config(tmp_path)


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
        experiment.make_evaluator(Config(**fields))
