from nao.child import devices


def test_auto_computes_in_bfloat16_on_accelerators_alone():
    chosen = [devices.choose_dtype("auto", p) for p in ("cpu", "gpu", "tpu")]
    assert chosen == ["float32", "bfloat16", "bfloat16"]
    assert devices.choose_dtype("float32", "gpu") == "float32"
    assert devices.choose_dtype("bfloat16", "cpu") == "bfloat16"
