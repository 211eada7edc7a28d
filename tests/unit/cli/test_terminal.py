"""What of others' text a terminal is shown."""

import pytest

from gatelog.app import on_one_line, printable, printable_pieces

TEXT = "\u65e5\n\x1b[2J\t\x7f\u0085\rz\r\n"
SHOWN = "\u65e5\n\u241b[2J\t\u2421\ufffd"


def test_control_characters_become_pictures() -> None:
    assert printable(TEXT) == f"{SHOWN}\u240dz\r\n"
    assert on_one_line("a\r\n\tb \x1b") == "a b \u241b"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_it_does_not_matter_where_pieces_were_cut(size: int) -> None:
    data = TEXT.encode()
    pieces = [data[place : place + size] for place in range(0, len(data), size)]
    assert b"".join(printable_pieces(pieces)).decode() == f"{SHOWN}\nz\n"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert b"".join(printable_pieces([b"a\xff\x9b", b"\xe6"])).decode() == "a\ufffd\ufffd\ufffd"
