import numpy as np

from nao.child.conv_net import ConvNet
from nao.child.costs import count_parameters


def test_parameters_counted_by_hand():
    """One node, identity on both inputs, C = 2, 1 image channel, 3 classes.

    Stem 9 * 2 + 4. A normal cell: two calibrations 2 c^2, one loose end c^2, norms
    6 c. A reduction cell: calibrations 2 c c/2, one loose end c^2, norms 6 c, two
    strided identities c^2 + 2 c each. A skip c c/2 + 2 c. Head 8 * 3 + 3.
    """
    net = ConvNet(
        ("identity",),
        num_nodes=1,
        channels=2,
        cells_per_stage=1,
        num_classes=3,
        image_channels=1,
    )
    arch = np.array([[[[0, 0], [1, 0]]]] * 2)
    normal = sum(3 * c * c + 6 * c for c in (2, 4, 8))
    reduction = sum(2 * c * c + 6 * c + 2 * (c * c + 2 * c) for c in (4, 8))
    skip = sum(c * c // 2 + 2 * c for c in (4, 8))
    expected = 22 + normal + reduction + skip + 27
    assert count_parameters(net, arch) == expected
