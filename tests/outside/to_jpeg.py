"""Makes a JPEG of a PNG with Pillow: `to_jpeg.py FROM TO baseline|progressive|colour`."""

import sys

from PIL import Image

source, target, kind = sys.argv[1:]
image = Image.open(source).convert("RGB" if kind == "colour" else "L")
image.save(target, "JPEG", quality=80, progressive=kind == "progressive")
