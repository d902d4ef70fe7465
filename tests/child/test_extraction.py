import jax
import numpy as np

from nao.child import extraction
from nao.child.conv_net import ConvNet
from tests.child import comparing

NET = ConvNet(("avg_pool_3x3", "identity"), 1, 2, 1, 3, (4, 4, 1))
# Normal cells read both inputs and join state 2; reductions join input 0, too.
ARCH = np.array([[[[0, 0], [1, 1]]], [[[1, 0], [1, 1]]]], np.int32)


def test_kernels_keep_the_rows_of_the_states_they_read():
    """Universal outputs are the states 0, 1 and 2, of 2, 4 and 8 channels."""
    variables = jax.device_get(comparing.init(NET))
    own = NET.specialise(ARCH)
    found = extraction.extract(NET.layout, own.layout, variables, auxiliary=False)
    params, all_params = found["params"]["net"], variables["params"]["net"]
    expected = {
        "stem": all_params["stem"]["kernel"],
        "skip_1": all_params["skip_1"]["kernel"][4:],
        "skip_2": all_params["skip_2"]["kernel"][8:],
    }
    for name, kernel in expected.items():
        np.testing.assert_array_equal(params[name]["kernel"], kernel)
    np.testing.assert_array_equal(params["head"], all_params["head"][16:])
    # The cell of stage 1 reads the reduction: states 0 and 2 of 4 channels.
    (cell,), stacked = params["stage_1"], all_params["stage_1"]
    kernel = stacked["calibrate_1"]["kernel"][0]
    np.testing.assert_array_equal(
        cell["calibrate_1"]["kernel"], np.r_[kernel[:4], kernel[8:]]
    )
    assert "calibrate_0" not in cell
