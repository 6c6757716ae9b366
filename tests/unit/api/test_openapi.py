"""The description that the web client's types are made of is the API's own."""

import json
from pathlib import Path

from stimme.api.openapi import openapi_document

DOCUMENT = Path(__file__).parents[3] / "web" / "openapi.json"


def test_committed_document_is_current() -> None:
    assert json.loads(DOCUMENT.read_text()) == openapi_document(), (
        "run: python -m stimme.api.openapi > web/openapi.json"
    )
