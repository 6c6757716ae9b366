"""Keys behind a dial tone become a number."""

import pytest

from stimme.pbx.features.codes import CodeTable
from stimme.pbx.features.dialled_keys import DialledKeys

EXTENSIONS = {"10", "11", "30", "301", "0"}


def dialled(keys: str) -> tuple[str | None, str]:
    """The number, and the keys that were too many for it."""
    dialling = DialledKeys(CodeTable(), EXTENSIONS)
    for place, key in enumerate(keys, start=1):
        number = dialling.key(key)
        if number is not None:
            return number, keys[place:]
    return None, dialling.pause() or ""


@pytest.mark.parametrize(
    ("keys", "number", "rest"),
    [
        ("10", "10", ""),
        ("301", "301", ""),
        ("30#", "30", ""),
        ("112", "112", ""),
        ("110", "110", ""),
        ("0301234#", "0301234", ""),
        ("*16#", "*16#", ""),
        ("*21*10#", "*21*10#", ""),
        ("*21*112#", "*21*112#", ""),
        ("*#21#", "*#21#", ""),
        ("##21#", "##21#", ""),
        ("#16*701#", "#16*701#", ""),
        ("*11#", "*11#", ""),
        ("1011", "10", "11"),
    ],
)
def test_the_last_key_completes_a_number(keys: str, number: str, rest: str) -> None:
    assert dialled(keys) == (number, rest)


@pytest.mark.parametrize("keys", ["0", "30", "0301234", "*21*10", "12", "*31#0301234", ""])
def test_others_wait_for_a_pause(keys: str) -> None:
    assert dialled(keys) == (None, keys)
