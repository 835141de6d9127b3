"""Pictures of journeys for the README and the documentation: small, and a walk that moves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from laboratory import ARTEFACTS
from PIL import Image, ImageDraw, ImageFont

from suite import ROOT

__all__ = ["animate", "folder", "keep"]

# A screen has few colours: with so many of them nobody sees a difference, and the file is a third.
_COLORS = 256
_STRIP = 48
_INK, _PAPER = "#ffffff", "#1f2933"


def folder() -> Path:
    """Where pictures are kept: what `make pictures` names, else among the artefacts."""
    named = os.environ.get("PICTURES")
    found = ROOT / named if named else ARTEFACTS / "pictures"
    found.mkdir(parents=True, exist_ok=True)
    return found


def keep(shot: Path, name: str) -> Path:
    """Keep a screenshot as a picture of few colours.

    Nothing is written where the picture that is there shows the same.
    """
    with Image.open(shot) as read:
        image = read.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE)
    path = folder() / f"{name}.png"
    if path.exists():
        with Image.open(path) as before:
            if before.size == image.size and before.convert("RGB") == image.convert("RGB"):
                return path
    image.save(path, optimize=True)
    return path


def animate(frames: Sequence[tuple[Path, str, float]], name: str) -> Path:
    """Make screenshots one picture that moves: each with its words, for so many seconds."""
    images = [_captioned(shot, words) for shot, words, _ in frames]
    path = folder() / f"{name}.webp"
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=[round(seconds * 1000) for _, _, seconds in frames],
        loop=0,
        quality=82,
        method=6,
    )
    return path


def _captioned(shot: Path, words: str) -> Image.Image:
    with Image.open(shot) as read:
        image = read.convert("RGB")
    whole = Image.new("RGB", (image.width, image.height + _STRIP), _PAPER)
    whole.paste(image, (0, 0))
    draw = ImageDraw.Draw(whole)
    middle = (image.width // 2, image.height + _STRIP // 2)
    draw.text(middle, words, fill=_INK, font=ImageFont.load_default(22), anchor="mm")
    return whole
