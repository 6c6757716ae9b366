"""Versions over HTTP: ``ETag``, ``If-Match`` and ``If-None-Match`` (RFC 9110 sections 8.8.3 and 13.1)."""

import re
from typing import Annotated

from fastapi import Header, Response

from stimme.api import problems
from stimme.sentences import Sentence
from stimme.store.changes import Expectation

_TAG = re.compile(r'"([0-9]{1,9})"')


def expectation(
    if_match: Annotated[str | None, Header()] = None, if_none_match: Annotated[str | None, Header()] = None
) -> Expectation:
    """Read what the client believes to be there.

    Raises:
        ProblemError: 422 when a header is none of ours.
    """
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise problems.invalid("If-None-Match", Sentence("only-star", "Only * is understood."))
        return Expectation(absent=True)
    if if_match is None:
        return Expectation()
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        raise problems.invalid(
            "If-Match", Sentence("not-an-etag", "This is not an ETag of an earlier answer.")
        )
    return Expectation(version=int(match[1]))


def tag(response: Response, version: int, *, created: bool = False) -> None:
    """Put the version on an answer; 201 for something new."""
    response.headers["ETag"] = f'"{version}"'
    if created:
        response.status_code = 201
