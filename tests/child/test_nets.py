import numpy as np
import pytest

from nao import spaces
from nao.child import ChildConfig, ImageTask
from nao.child.conv_net import ConvNet
from nao.child.nets import known_networks, make_net
from nao.child.topology_net import TopologyNet
from nao.data import ImageDataset, Split

CONFIG = ChildConfig(channels=4, cells_per_stage=2)


def task():
    """One image of 6x5 pixels and 3 channels a part, 7 classes."""
    split = Split(np.zeros((1, 6, 5, 3), np.float32), np.zeros(1, np.int32))
    return ImageTask.of(ImageDataset("few", 7, split, split, split))


@pytest.mark.parametrize("name", spaces.OPERATION_SETS)
@pytest.mark.parametrize("join", ["loose", "nodes"])
def test_conv_cells_get_the_convolutional_network(name, join):
    space = spaces.ConvCell(name, num_nodes=3, join=join)
    operations = spaces.OPERATION_SETS[name]
    expected = ConvNet(operations, 3, 4, 2, 7, (6, 5, 3), join)
    assert make_net(space, task(), CONFIG) == expected


def test_cells_join_what_their_space_says():
    join = ((2, 3), (3,))
    space = spaces.ConvCell("enas", num_nodes=2, join=join)
    assert make_net(space, task(), CONFIG).join == join


def test_a_space_of_ones_own_brings_its_network():
    class Renamed(spaces.NASBench201):
        network = "nao.child.topology_net:TopologyNet"

    class Lost(spaces.NASBench201):
        network = "nowhere.at_all:Net"

    assert make_net(Renamed(), task(), CONFIG).channels == 4
    with pytest.raises(ValueError, match=r"no network 'nowhere.at_all:Net': No module"):
        make_net(Lost(), task(), CONFIG)


def test_networks_are_known_by_their_names():
    known = known_networks()
    assert known["ConvNet"] is ConvNet and known["TopologyNet"] is TopologyNet


def test_topologies_get_the_network_of_the_benchmark():
    net = make_net(spaces.NASBench201(), task(), CONFIG)
    assert isinstance(net, TopologyNet)
    assert (net.channels, net.cells_per_stage, net.num_outputs) == (4, 2, 7)
    assert net.operations == spaces.NASBench201().slots[0].choices


def test_unknown_operations_are_refused():
    space = spaces.ConvCell(("identity", "conv_9x9"))
    with pytest.raises(ValueError, match=r"^Unknown operation 'conv_9x9'; known: "):
        make_net(space, task(), CONFIG)


def test_other_spaces_are_refused():
    space = spaces.custom({"kernel": (3, 5)})
    rule = r"trained in the spaces conv_cell, .*nasbench201.*, got 'custom'\.$"
    with pytest.raises(ValueError, match=rule):
        make_net(space, task(), CONFIG)
