import numpy as np
import pytest
from PIL import Image

from nao.data import images


def test_colours_rows_and_columns_are_kept(tmp_path, write_image):
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    path = write_image(tmp_path / "a.png", pixels)
    decoded = images.decode([path, path])
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, [pixels, pixels])


def test_grey_images_have_one_channel(tmp_path, write_image):
    paths = [
        write_image(tmp_path / "a.png", 7, mode="L"),
        write_image(tmp_path / "b.png", (9, 0), mode="LA"),
        write_image(tmp_path / "c.bmp", 1, mode="1"),
    ]
    decoded = images.decode(paths)
    assert decoded.shape == (3, 3, 4, 1)
    np.testing.assert_array_equal(decoded[:, 0, 0, 0], [7, 9, 255])


def test_one_colour_image_makes_all_of_them_so(tmp_path, write_image):
    grey = write_image(tmp_path / "a.png", 7, mode="L")
    palette = Image.new("RGBA", (4, 3), (1, 2, 3, 0))
    palette.save(tmp_path / "b.png")
    decoded = images.decode([grey, tmp_path / "b.png", grey])
    np.testing.assert_array_equal(decoded[:, 2, 3], [[7, 7, 7], [1, 2, 3], [7, 7, 7]])


def test_resizing_keeps_the_middle(tmp_path, write_image):
    """8x4, dark on both sides of a bright middle of 4x4: the middle is left."""
    pixels = np.zeros((4, 8), np.uint8)
    pixels[:, 2:6] = 200
    decoded = images.decode([write_image(tmp_path / "a.png", pixels)], image_size=4)
    np.testing.assert_array_equal(decoded, np.full((1, 4, 4, 1), 200))


def test_images_of_two_sizes_are_refused(tmp_path, write_image):
    paths = [
        write_image(tmp_path / "a.png", size=(8, 8)),
        write_image(tmp_path / "b.png", size=(9, 8)),
    ]
    message = r"of one size, got 8x8 in .*a\.png and 9x8 in .*b\.png; data\.image_size"
    with pytest.raises(ValueError, match=message):
        images.decode(paths)
    assert images.decode(paths, image_size=8).shape == (2, 8, 8, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".webp"])
def test_a_damaged_image_is_named(tmp_path, write_image, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    path = write_image(tmp_path / f"bad{suffix}", noise)
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"not an image"):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"Image .*bad\{suffix} can't be read: ."):
            images.decode([path])


def test_images_of_16_bits_are_refused(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", np.full((2, 2), 3000, np.uint16))
    with pytest.raises(ValueError, match=r"8 bits a channel, got .*'I;16' in .*a\.png"):
        images.decode([path])
