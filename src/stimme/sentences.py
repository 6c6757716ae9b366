"""Sentences of refusals that programs can say in another language.

A refusal is raised with an English sentence, for logs and programmers. What a person reads is said by the
client in the person's language: by the sentence's code, and by the values that stand in it. A code keeps its
meaning; another meaning is another code. Every code has a text in every language of the web client
(``tests/unit/api/test_sentences.py``).
"""

from collections.abc import Mapping

Value = str | int


class Sentence(str):
    """An English sentence with its code and values; otherwise a text like any other.

    Args:
        code: Stable name, in words joined by ``-``.
        template: The sentence; values stand in braces.
        values: Of the template: numbers, names, or codes of the API (``klare``, ``trunk``).
    """

    code: str
    values: Mapping[str, Value]

    def __new__(cls, code: str, template: str, /, **values: Value) -> "Sentence":
        """Fill the template in."""
        return cls.said(code, template.format_map(values) if values else template, values)

    @classmethod
    def said(cls, code: str, text: str, values: Mapping[str, Value] | None = None) -> "Sentence":
        """Give a code to a sentence that stands already."""
        made = super().__new__(cls, text)
        made.code = code
        made.values = dict(values or {})
        return made


def no_such(thing: str) -> Sentence:
    """Say that something named by a field is not there, or not for whoever asks."""
    return Sentence("no-such", "There is no such {thing}.", thing=thing)


def sentence_of(error: BaseException) -> Sentence:
    """Return what an error was raised with; without a code it only says that something does not fit."""
    for said in error.args:
        if isinstance(said, Sentence):
            return said
    return Sentence("unfit", "{reason}", reason=str(error))
