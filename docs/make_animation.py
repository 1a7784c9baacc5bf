"""Makes the moving picture of the demo, ``docs/images/demo.gif``: ``python docs/make_animation.py``.

A real ``impsy demo`` in Chromium, six seconds of it. Needs the ``dev`` extra and Chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.browser import WebInterface, browsing

IMAGE = Path(__file__).parent / "images" / "demo.gif"
FRAMES = 48
FRAME_SECONDS = 0.125
SIZE = (720, 500)
VIEW = {"width": 1080, "height": 750}
COLOURS = 64


def main() -> None:
    """Play, look, and write."""
    frames = []
    with tempfile.TemporaryDirectory(prefix="impsy-picture-") as parent:
        folder = Path(parent) / "demo"
        folder.mkdir()
        with WebInterface(folder, "--no-open", command="demo") as web, browsing() as browser:
            page = browser.new_page(viewport=VIEW, color_scheme="dark")
            page.goto(web.url)
            page.get_by_role("slider").first.wait_for()
            page.get_by_role("button", name="Without the page's sound").click()
            page.wait_for_timeout(15_000)
            start = time.monotonic()
            for number in range(FRAMES):
                time.sleep(max(0.0, start + number * FRAME_SECONDS - time.monotonic()))
                frames.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize(SIZE))
    # One palette for all frames, of some that differ, so that nothing flickers.
    sheet = Image.new("RGB", (SIZE[0], SIZE[1] * 4))
    for row in range(4):
        sheet.paste(frames[row * FRAMES // 4], (0, row * SIZE[1]))
    palette = sheet.quantize(COLOURS, kmeans=1)
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    flat[0].save(
        IMAGE, save_all=True, append_images=flat[1:], duration=int(FRAME_SECONDS * 1000), loop=0, optimize=True
    )
    print(f"{IMAGE}: {IMAGE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
