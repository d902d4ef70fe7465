"""Two processes that train one child stand for two machines."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest

from nao.system.hosts import join_hosts

ROOT = pathlib.Path(__file__).parents[2]
COMMAND = [
    sys.executable,
    str(ROOT / "launch.py"),
    "--mode=train",
    "--architecture=0 0 1 4 0 2 2 4 0 0 1 4 0 2 2 4",
    "--config.space.num_nodes=2",
    "--config.child.channels=2",
    "--config.train.epochs=2",
    "--config.train.specialised=true",
    "--config.train.batch_size=64",
    "--config.train.learning_rate=0.01",
    "--config.data.num_train=256",
]


def _train(workdir, *flags):
    environment = os.environ | {"NAO_CACHE_DIR": str(workdir.parent / "cache")}
    return subprocess.Popen(
        [*COMMAND, f"--workdir={workdir}", *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_hosts_train_as_one(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    shared = tmp_path / "shared"
    hosts = [_train(shared, f"--hosts={address},2,{i}") for i in range(2)]
    # As many devices, since a sum over other parts is another one in its last digits,
    # which batch norm of next to no variance makes the first.
    alone = _train(tmp_path / "alone", "--config.num_devices=2")
    try:
        for process in (*hosts, alone):
            _, err = process.communicate(timeout=500)
            assert process.returncode == 0, err
    finally:
        for process in (*hosts, alone):
            process.kill()
    together, one = (
        json.loads((tmp_path / name / "train.json").read_text())
        for name in ("shared", "alone")
    )
    for name, value in one["metrics"].items():
        if name not in ("seconds", "memory_mib"):
            assert together["metrics"][name] == pytest.approx(value, rel=1e-5), name
    (folder,) = shared.glob("train-*")
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2
    config = json.loads((folder / "config.json").read_text())
    assert config["num_devices"] == 2


@pytest.mark.parametrize(
    "hosts",
    ["", "here", "here:1", "here:1,2,2", "here:1,x,0", "here:0,2,0", "here:65536,2,1"],
)
def test_hosts_are_an_address_a_number_and_an_index(hosts):
    with pytest.raises(ValueError, match=r"hosts must be auto, or ADDRESS:PORT,NUMBER"):
        join_hosts(hosts)


def test_a_first_host_that_is_nowhere_is_named():
    message = r"The first host, nowhere\.invalid:1, can't be reached"
    with pytest.raises(ValueError, match=message):
        join_hosts("nowhere.invalid:1,2,1")
