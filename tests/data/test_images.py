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
        write_image(tmp_path / "b.png", (9, 255), mode="LA"),
        write_image(tmp_path / "c.bmp", 1, mode="1"),
    ]
    decoded = images.decode(paths)
    assert decoded.shape == (3, 3, 4, 1)
    np.testing.assert_array_equal(decoded[:, 0, 0, 0], [7, 9, 255])


def test_one_colour_image_makes_all_of_them_so(tmp_path, write_image):
    grey = write_image(tmp_path / "a.png", 7, mode="L")
    palette = Image.new("RGBA", (4, 3), (1, 2, 3, 255))
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


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (1, 2, 3, 0), [255, 255, 255]),
        ("RGBA", (0, 100, 200, 51), [204, 224, 244]),  # a fifth, and four of white
        ("LA", (9, 0), [255]),
        ("LA", (0, 51), [204]),
    ],
)
def test_transparent_images_lie_over_white(
    tmp_path, write_image, mode, colour, expected
):
    """Drawings on a transparent ground were black squares."""
    path = write_image(tmp_path / "a.png", colour, mode=mode)
    np.testing.assert_array_equal(images.decode([path])[0, 0, 0], expected)


@pytest.mark.parametrize(("mode", "num_channels"), [("P", 3), ("L", 1), ("RGB", 3)])
def test_a_transparent_colour_is_white(tmp_path, mode, num_channels):
    """GIFs and some PNGs name one colour that is not shown."""
    path = tmp_path / "a.png"
    clear = (0, 0, 0) if mode == "RGB" else 0
    Image.new(mode, (4, 3)).save(path, transparency=clear)
    expected = np.full((1, 3, 4, num_channels), 255)
    np.testing.assert_array_equal(images.decode([path]), expected)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_photos_stand_as_the_camera_was_held(tmp_path, write_image, suffix):
    """Orientation 6: what is stored on the left belongs on top."""
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / f"a{suffix}"
    Image.fromarray(pixels).save(path, exif=exif, quality=100)
    upright = write_image(tmp_path / "b.png", pixels.transpose(1, 0, 2))
    turned, other = images.decode([path, upright]).astype(int)
    np.testing.assert_allclose(turned, other, atol=9)


def test_pixels_are_kept_where_exif_is_damaged(tmp_path, monkeypatch, write_image):
    path = write_image(tmp_path / "a.png", (1, 2, 3))

    def fail(image):
        raise SyntaxError("not a TIFF file")

    monkeypatch.setattr("PIL.ImageOps.exif_transpose", fail)
    np.testing.assert_array_equal(images.decode([path])[0, 0, 0], [1, 2, 3])


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm", ".jp2"])
def test_of_16_bits_the_upper_8_are_kept(tmp_path, write_image, suffix, caplog):
    """3000 is 11 times 256 and a rest."""
    deep = np.full((20, 20), 3000, np.uint16)
    deep[0, 0] = 65535
    path = write_image(tmp_path / f"a{suffix}", deep)
    decoded = images.decode([path])
    assert decoded.dtype == np.uint8 and decoded.shape == (1, 20, 20, 1)
    assert decoded[0, 0, 0, 0] == 255 and decoded[0, -1, -1, 0] == 11
    assert "16 bits a channel in 1 of 1 image:" in caplog.text


def test_a_transparent_grey_of_16_bits_is_white(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 3000]], np.uint16)).save(path, transparency=3000)
    assert images.decode([path]).ravel().tolist() == [0, 255]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_images_of_32_bits_are_refused(tmp_path, write_image, dtype):
    """Where black and white are, their files do not say."""
    path = write_image(tmp_path / "a.tif", np.full((2, 2), 3000, dtype))
    with pytest.raises(ValueError, match=r"a\.tif can't .*8 or 16 bits a channel, got"):
        images.decode([path])


def test_images_are_made_square_as_chosen(tmp_path, write_image):
    """8x4, white between black sides, on 4x4: 2 rows of image between black ones."""
    pixels = np.zeros((4, 8), np.uint8)
    pixels[:, 2:6] = 255
    path = write_image(tmp_path / "a.png", pixels)
    crop, pad, squeeze = (
        images.decode([path], 4, resize)[0, ..., 0] for resize in images.RESIZES
    )
    assert (crop == 255).all()
    assert not pad[[0, 3]].any() and (pad[1:3, 1:3] > 200).all()
    assert (
        pad[1, 0] < 50 and (squeeze[:, 1:3] > 200).all() and (squeeze[:, 0] < 50).all()
    )


def test_a_line_of_pixels_is_padded_too(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", 255, size=(1, 100), mode="L")
    assert images.decode([path], 8, "pad")[0, :, :, 0].any(0).sum() == 1


def test_more_images_than_memory_holds(tmp_path, write_image, monkeypatch):
    path = write_image(tmp_path / "a.png")

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(np, "empty", fail)
    with pytest.raises(
        ValueError, match=r"Memory must hold 2 images of 4x3, 72 bytes, more"
    ):
        images.decode([path, path])
