"""Cutting a text into words as the full text of SQLite does, for databases that do it otherwise.

FTS5's ``unicode61`` takes runs of letters and digits of any script, without regard to case and
to the accents of Latin letters. The parsers of PostgreSQL know e-mail addresses, paths and signs
of numbers: the same search would find other datasets there.
"""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category, combining, normalize

__all__ = ["words_of"]

# A lexeme of PostgreSQL has at most 2,046 bytes, and all of one text less than 2**20.
_LONGEST = 500
_MOST_BYTES = 900_000


class _Folding(dict[int, str]):
    """What becomes of each character, found out when it is first met: a space parts words."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _fold(chr(code))
        return found


_FOLDING = _Folding()


def _fold(char: str) -> str:
    if category(char)[0] not in "LN" and category(char) != "Co":
        # What is left of accents after composing stands over the letter before it.
        return "" if combining(char) and 0x300 <= ord(char) <= 0x331 else " "
    base = normalize("NFD", char)[0]
    letter = base if base.isascii() else char
    # One character for one: "ß" is a letter of its own here, as it is for FTS5.
    return next((f for f in (letter.casefold(), letter.lower()) if len(f) == 1), letter)


def words_of(text: str) -> list[str]:
    """Give the different words of a text, in the order in which they come.

    Examples
    --------
    >>> words_of("Tumour of the lung_2, Ärzte 10.5; LUNG")
    ['tumour', 'of', 'the', 'lung', '2', 'arzte', '10', '5']
    """
    found = normalize("NFC", text).translate(_FOLDING).split(" ")
    return list(_within(dict.fromkeys(word[:_LONGEST] for word in found if word)))


def _within(words: Iterable[str]) -> Iterable[str]:
    left = _MOST_BYTES
    for word in words:
        left -= len(word.encode("utf-8", "ignore"))
        if left < 0:
            return
        yield word
