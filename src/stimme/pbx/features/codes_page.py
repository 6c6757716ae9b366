"""The page of the feature codes: `python -m stimme.pbx.features.codes_page > docs/feature-codes.md`."""

import sys

from stimme.pbx.features.codes import FEATURES, IN_CALL, IN_CALL_ESCAPE, Feature
from stimme.prompts.catalogue import Piece, catalogue

_HEAD = """\
# Feature codes

Dialled like a number at any telephone of a user. The `#` at the end may be left out where a telephone takes
it for "dial now". The values in braces are numbers: `{number}` anything that could be dialled,
`{extension}` a colleague or group, `{slot}` a park slot, `{seconds}` a time, `{pin}` the user's PIN,
`{short}` a short number of the phone book.

A code dialled as one number is answered without connecting (early media, no charge) where the caller can
hear that; dialled key by key it connects. The confirmation is said in the language of the user, and shown
on telephones that can show text.

A customer may change the codes of a feature by its id, or take them away; codes that could mean the same
keys, and codes that look like an emergency number, are refused. 110 and 112 come before every code, also
behind `*31#`.

This page is written by `python -m stimme.pbx.features.codes_page`; a test compares it with the table.

| id | codes | what it does | Bedeutung | confirmation | Ansage |
|---|---|---|---|---|---|
"""

_IN_CALL_HEAD = f"""
## During a conversation

For telephones, mobiles above all, that have no keys for it: `{IN_CALL_ESCAPE}` and a digit, as DTMF.
`{IN_CALL_ESCAPE}` alone, and a pause of two seconds, holds the call and gives a dial tone; dial there as
ever, `#` ends the number at once. Who is busy, does not answer or hangs up leads back to the one on hold.
Hang up with somebody on hold, and your telephone rings. The other party hears none of these keys;
other keys reach it, a single `*` two seconds late. A customer changes the two keys by the id `in_call`
(`**`, `##`, `*#` or `#*`), or takes them away. They mean nothing within an emergency call.

| keys | what it does |
|---|---|
"""

_IN_CALL_TEXTS = {
    "0": "refuse the call that waits",
    "1": "end the conversation and take the one on hold, or the one that waits",
    "2": "swap between two conversations",
    "3": "join both into a conference",
    "4": "connect both, and leave; also while the second still rings",
    "5": "park the other party in the first free slot, which is said",
    "9": "note the call as malicious; nobody hears anything of it",
}


def page() -> str:
    """The page as Markdown."""
    rows = [_row(feature) for feature in FEATURES]
    keys = [f"| `{IN_CALL_ESCAPE}{key}` | {_IN_CALL_TEXTS[key]} |" for key in IN_CALL]
    return _HEAD + "\n".join(rows) + "\n" + _IN_CALL_HEAD + "\n".join(keys) + "\n"


def _row(feature: Feature) -> str:
    codes = " ".join(f"`{code}`" for code in feature.codes)
    said = [_said(feature, language) for language in ("en", "de")]
    return f"| {feature.id} | {codes} | {feature.english} | {feature.german} | {said[0]} | {said[1]} |"


def _said(feature: Feature, language: str) -> str:
    if feature.said is None:
        return ""
    form = catalogue(language).prompts[feature.said].forms["other"]
    words = [part.text if isinstance(part, Piece) else "…" for part in form]
    text = " ".join(words)
    return text if text.endswith((".", "…")) else f"{text}."


if __name__ == "__main__":
    sys.stdout.write(page())
