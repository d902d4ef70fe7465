"""The script runs on what the results page's snippet writes, of an API of this test."""

import gzip
import json
import pathlib
import re
import sys
import types

import pytest

from experiments.benchmarks import nasbench201_tables
from nao.evaluators import TableConfig, table
from nao.spaces import NASBench201

PAGE = (
    pathlib.Path(__file__).parents[2] / "experiments/results/nasbench201/README.md"
).read_text()
SPACE = NASBench201()
CELLS = [SPACE.format(tokens) for tokens in next(SPACE.enumerate(25))]
ROWS = [
    {"dataset": "cifar100", "arch_str": cell, "val200": 50.0, "test200": 60.0}
    for cell in CELLS[:2]
]


class API:
    """Answers as `nats_bench.api_topology` does, for a few cells."""

    def __len__(self):
        return len(CELLS)

    def arch(self, index):
        return CELLS[index]

    def get_more_info(self, index, dataset, iepoch=None, hp="12", is_random=True):
        assert (hp, is_random) == ("200", False)
        # Trained on all training images, there is no validation part to measure.
        info = {"test-accuracy": 20 + index / 3}
        if dataset != "cifar10":
            info["valid-accuracy"] = 10 + index / 3
        return info


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["nasbench201_tables.py", *map(str, arguments)])
    nasbench201_tables.main()


def test_the_snippet_of_the_page_and_the_script_make_the_tables(
    tmp_path, monkeypatch, capsys
):
    module = types.ModuleType("nats_bench")
    module.create = lambda path, space, fast_mode, verbose: API()
    monkeypatch.setitem(sys.modules, "nats_bench", module)
    monkeypatch.setattr(nasbench201_tables, "NUM_CELLS", len(CELLS))
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(snippet, {})
    run(monkeypatch, "nasbench201.csv")
    assert "cifar10.csv.gz: 25 cells, the best val200 is 18.00000" in (
        capsys.readouterr().out
    )
    for name in nasbench201_tables.DATASETS:
        path = tmp_path / f"{name}.csv.gz"
        config = TableConfig(str(path), "arch_str", "", "val200", "test200")
        evaluator = table.load(config, SPACE)
        assert evaluator.best_value == 18
        best = SPACE.parse(CELLS[-1])
        assert evaluator.test(best, None) == {"test200": 28}


def test_json_is_read_as_csv_is_and_equal_tables_are_equal_files(tmp_path, monkeypatch):
    path = tmp_path / "rows.json.gz"
    path.write_bytes(gzip.compress(json.dumps(ROWS).encode()))
    other = tmp_path / "rows.csv"
    lines = [",".join(map(str, row.values())) for row in ROWS[::-1]]
    other.write_text("\n".join([",".join(ROWS[0]), *lines]))
    written = []
    monkeypatch.setattr(nasbench201_tables, "NUM_CELLS", 2)
    for source in (path, other):
        made = nasbench201_tables.make(nasbench201_tables.read(source))
        nasbench201_tables.write(tmp_path / "table.csv.gz", made["cifar100"])
        written.append((tmp_path / "table.csv.gz").read_bytes())
    assert written[0] == written[1]
    text = gzip.decompress(written[0]).decode()
    assert text.splitlines()[0] == "arch_str,val200,test200"
    assert text.splitlines()[1].endswith(",50.0,60.0")


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (ROWS, "cifar100 must have all 15625 cells, got 2"),
        ([*ROWS, ROWS[0]], r"entry 2: cifar100 has .* twice"),
        ([ROWS[0] | {"val200": 101}], "val200 must be a percentage, got 101"),
        ([ROWS[0] | {"val200": None}], "val200 must be a percentage, got None"),
        ([ROWS[0] | {"dataset": "mnist"}], "one of cifar10, .*, got 'mnist'"),
        (
            [ROWS[0] | {"arch_str": "|none~0|"}],
            "entry 0: Architecture .* lacks slots 2<-0",
        ),
        ([{"arch": 1}], "must have dataset, arch_str, val200, test200, got arch"),
        ([5], "must have dataset, .*, got 5"),
        ({"a": 1}, "must be a list of rows, got dict"),
        ([], "must be a list of rows"),
    ],
)
def test_a_wrong_file_is_one_line(rows, rule, tmp_path, monkeypatch, capsys):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(SystemExit) as exit:
        run(monkeypatch, path, "--folder", tmp_path)
    assert exit.value.code == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert re.search(rule, message), message
    assert not list(tmp_path.glob("*.gz"))


def test_no_file_no_columns_and_broken_json_are_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "broken.json").write_text("[{]")
    for name, rule in (
        ("none.csv", "can't be read: No such file"),
        ("table.csv", "line 2 must have dataset, .*, got a, b"),
        ("broken.json", "is no JSON: "),
    ):
        with pytest.raises(SystemExit):
            run(monkeypatch, tmp_path / name)
        assert re.search(rule, capsys.readouterr().err.splitlines()[-1])
