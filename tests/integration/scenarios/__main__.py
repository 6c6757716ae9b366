"""Prints every sentence that a scenario may consist of."""

from tests.integration.scenarios.desks import LANGUAGE

for pattern, meaning in LANGUAGE.listing():
    print(f"{pattern}\n    {meaning}")
