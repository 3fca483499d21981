"""Numbers and texts are shown as the command line prints them."""

import html
import math
import random
import unicodedata

from tests.page.node import called


def test_numbers_have_six_significant_digits_as_in_python() -> None:
    draw = random.Random(0)
    values = [draw.uniform(-10, 10) * 10.0 ** draw.randint(-12, 12) for _ in range(500)]
    values += [0.1, 9.99999999e-5, 999999.4, 999999.7, 5e-324, 1.7976931348623157e308]
    texts = called("formats.js", "numberText", [[value] for value in values])
    assert [float(text) for text in texts] == [float(f"{value:.6g}") for value in values]
    # No longer than Python's, whose exponents have two digits.
    assert all(len(text) <= len(f"{value:.6g}") for text, value in zip(texts, values, strict=True))


def test_whole_numbers_are_shown_in_full_and_the_others_by_their_word() -> None:
    values = [0, -0.0, 7, 12345678, *({"number": word} for word in ("nan", "inf", "-inf"))]
    assert called("formats.js", "numberText", [[value] for value in values]) == [
        *("0", "0", "7", "12345678"),
        *("nan", "inf", "-inf"),
    ]


def test_the_words_of_the_document_are_numbers_again() -> None:
    cells = ["nan", "inf", "-inf", 1.5, None, True, "text", "toString"]
    numbers = called("formats.js", "cellNumber", [[cell] for cell in cells])
    assert [type(number) for number in numbers[:3]] == [dict] * 3
    assert [float(number["number"]) for number in numbers[1:3]] == [math.inf, -math.inf]
    assert numbers[3:] == [1.5, None, None, None, None]


def test_every_sign_that_python_would_not_print_is_shown_as_its_code() -> None:
    signs = [chr(code) for code in range(0x3000) if not 0xD800 <= code < 0xE000]
    signs += ["\U000e0001", "\ufeff", "\ue000"]
    texts = called("formats.js", "shownText", [[sign] for sign in signs])
    for sign, text in zip(signs, texts, strict=True):
        assert all(shown.isprintable() or shown.isspace() for shown in text) or _unknown(sign)
        assert text == sign or text.startswith("\\")
    assert called("formats.js", "shownText", [["a\x1b[31m\u202eb\n"], ["a\n\t\x07", True]]) == [
        "a\\x1b[31m\\u202eb\\x0a",
        "a\n\t\\x07",
    ]


def _unknown(sign: str) -> bool:
    """Whether a sign is in no Unicode of this Python's, which Node's may know better."""

    return unicodedata.category(sign) == "Cn"


def test_html_of_a_text_shows_the_text() -> None:

    text = "<img src=x onerror='alert(1)'> & \"quoted\""
    (escaped,) = called("formats.js", "escapedHtml", [[text]])
    assert html.unescape(escaped) == text
    assert not set("<>'\"") & set(escaped)


def test_durations() -> None:
    seconds = [0.5234, 12.34, 59.99, 200.3, 7500]
    assert called("formats.js", "secondsText", [[value] for value in seconds]) == [
        *("0.52 s", "12.3 s", "1 min 0 s", "3 min 20 s", "2 h 5 min")
    ]
