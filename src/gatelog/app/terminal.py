"""Text of others on a terminal: what was said in a call may hold sequences that a terminal would obey."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator

_PICTURES = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\r\n"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}
_LONE_RETURN = re.compile(r"\r(?!\n)")
"""It takes a terminal back over what stands in the line."""


def printable(text: str) -> str:
    """The text with a picture in the place of each control character but tabs and line ends."""
    return _LONE_RETURN.sub("\u240d", text).translate(_PICTURES)


def on_one_line(text: str) -> str:
    """The same, with a space for whatever whitespace there is."""
    line = " ".join(text.split())
    return line if line.isprintable() else printable(line)


def printable_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same for UTF-8 that comes in pieces, wherever it was cut; each line ends with a line feed."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    for piece in pieces:
        yield printable(decoder.decode(piece)).encode()
    yield printable(decoder.decode(b"", final=True)).encode()
