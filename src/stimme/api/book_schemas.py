"""The wire format of phone books."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from stimme.api.resources import Name
from stimme.api.schemas import Input

NumberKind = Literal["work", "mobile", "home", "fax", "other"]
Format = Literal["csv", "vcard", "ldif"]


class BookBody(Input):
    """Body of ``PUT /phone-books/{id}``: shared by a customer, or (without ``customer_id``) one's own."""

    name: Name
    customer_id: str | None = None


class BookItem(BaseModel):
    """A phone book; ``private`` ones are seen by their user alone."""

    id: str
    customer_id: str
    name: str
    private: bool
    changeable: bool
    entries: int
    version: int


class BookList(BaseModel):
    """The phone books that one sees, shared ones first."""

    items: list[BookItem]


class EntryNumberBody(Input):
    """A number as people write it, with area code; it is kept as E.164, an internal one as it is."""

    number: Annotated[str, Field(min_length=1, max_length=40, examples=["030 901820"])]
    kind: NumberKind = "other"


class EntryBody(Input):
    """An entry: a person or a company, in lists by ``sort`` or its name; ``short`` dials its first number."""

    name: Annotated[str, Field(max_length=200)] = ""
    company: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] = ""
    sort: Annotated[str, Field(max_length=200)] = ""
    short: Annotated[str | None, Field(pattern=r"^[0-9]{1,4}$")] = None
    numbers: Annotated[list[EntryNumberBody], Field(min_length=1, max_length=20)]


class EntryItem(EntryBody):
    """An entry of a book."""

    id: str
    book_id: str
    version: int


class EntryPage(BaseModel):
    """Entries by name; ``next`` continues."""

    items: list[EntryItem]
    next: str | None


class FoundEntry(BaseModel):
    """An entry that a search has found, with the name of its book."""

    id: str
    book_id: str
    book: str
    private: bool
    name: str
    company: str
    email: str
    short: str | None
    numbers: list[EntryNumberBody]


class FoundEntries(BaseModel):
    """What fits first, by name."""

    items: list[FoundEntry]


class ImportProblem(BaseModel):
    """A line of a file that was not taken, and why."""

    line: int
    reason: str


class ImportResult(BaseModel):
    """What a file holds, and what was or would be done with it; ``sample`` are the first new entries."""

    applied: bool
    new: int
    known: int
    problems: list[ImportProblem]
    problem_count: int
    sample: list[EntryBody]
