import jax

from nao.system import process


def test_what_a_run_ran_on_is_described():
    described = process.environment()
    assert described["packages"]["jax"] == jax.__version__
    assert described["devices"]
    assert process.seconds_since_start() > 0
    assert process.peak_rss_mib() > 10
