"""A drawing of dots: eight to a character, as the Braille patterns of Unicode have them.

1 4     bit 0 3      a character is two dots wide and four dots high;
2 5         1 4      it has the colour of the last dot set in it
3 6         2 5
7 8         6 7
"""

from __future__ import annotations

from typing import Final

from rich.text import Text

DOTS_ACROSS: Final = 2
DOTS_DOWN: Final = 4

_BITS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK: Final = 0x2800


class Canvas:
    """`columns` × `rows` characters; dots count from the bottom left."""

    def __init__(self, columns: int, rows: int) -> None:
        self.width, self.height = columns * DOTS_ACROSS, rows * DOTS_DOWN
        self._bits = [[0] * columns for _ in range(rows)]
        self._styles = [[""] * columns for _ in range(rows)]

    def dot(self, x: int, y: int, style: str) -> None:
        """Set a dot; those outside are left out."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return
        row, column = (self.height - 1 - y) // DOTS_DOWN, x // DOTS_ACROSS
        self._bits[row][column] |= _BITS[x % DOTS_ACROSS][(self.height - 1 - y) % DOTS_DOWN]
        self._styles[row][column] = style

    def line(self, start: tuple[int, int], end: tuple[int, int], style: str) -> None:
        """A straight line of dots."""
        (x, y), (last_x, last_y) = start, end
        steps = max(abs(last_x - x), abs(last_y - y), 1)
        for step in range(steps + 1):
            self.dot(x + round((last_x - x) * step / steps), y + round((last_y - y) * step / steps), style)

    def column(self, x: int, low: int, high: int, style: str) -> None:
        """A vertical line of dots."""
        for y in range(low, high + 1):
            self.dot(x, y, style)

    def lines(self) -> list[Text]:
        """The drawing, from top to bottom."""
        return [
            Text.assemble(
                *(
                    (chr(_BLANK + bits) if bits else " ", style)
                    for bits, style in zip(row, styles, strict=True)
                )
            )
            for row, styles in zip(self._bits, self._styles, strict=True)
        ]
