"""Prints every sentence that a scenario may consist of."""

from tests.integration.scenarios import surroundings  # noqa: F401  its sentences are part of the language
from tests.integration.scenarios.sentences import LANGUAGE

for pattern, meaning in LANGUAGE.listing():
    print(f"{pattern}\n    {meaning}")
