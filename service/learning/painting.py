"""A picture as PNG: what an SVG says, painted by resvg at twice its size, for pages that show no SVG."""

from typing import Final

import resvg_py

ZOOM: Final = 2
SANS: Final = "DejaVu Sans"  # where the system has none of the fonts that the picture names


def png_of(svg: str) -> bytes:
    """The bytes of a PNG."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM, sans_serif_family=SANS, font_family=SANS))
