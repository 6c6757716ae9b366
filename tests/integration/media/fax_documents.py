"""Documents for fax machines, and whether they have arrived."""

from pathlib import Path

from PIL import Image, ImageDraw

WIDTH, LENGTH = 1728, 400


def page(number: int) -> Image.Image:
    """A page with something to recognise in every row."""
    image = Image.new("1", (WIDTH, LENGTH), 1)
    draw = ImageDraw.Draw(image)
    for step in range(0, LENGTH, 8):
        draw.rectangle((step * 3 % WIDTH, step, step * 3 % WIDTH + 60 * number, step + 5), fill=0)
    return image


def document(path: Path, pages: int) -> Path:
    """A TIFF file of class F."""
    first, *others = [page(number) for number in range(1, pages + 1)]
    first.save(path, compression="group4", dpi=(204, 196), save_all=True, append_images=others)
    return path


def check_document(path: Path, pages: int) -> None:
    """What was received is what was sent, pixel by pixel."""
    with Image.open(path) as received:
        assert getattr(received, "n_frames", 1) == pages
        for number in range(1, pages + 1):
            received.seek(number - 1)
            assert received.size == (WIDTH, LENGTH)
            assert received.convert("1").tobytes() == page(number).tobytes(), f"page {number}"
