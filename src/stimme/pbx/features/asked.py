"""What a feature gets, and what it gives back."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from stimme.pbx.call import Call
from stimme.pbx.model import User
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


class FeatureRefusedError(Exception):
    """A feature cannot do what was asked; the prompt says why.

    Attributes:
        say: for the telephone.
        status: of the call that asked (RFC 3261 §21).
    """

    def __init__(self, prompt: str, status: int = 480, **values: str) -> None:
        super().__init__(prompt)
        self.say = Say(prompt, values)
        self.status = status


Handler = Callable[["Pbx", Call, User, Any], Awaitable[Say | None]]
"""Performs a command that a user gave by calling its code.

Gives what confirms it; None when the call itself goes on.

Raises FeatureRefusedError.
"""
