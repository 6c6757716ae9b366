"""XML for event bodies: written as text, read without entities, references or recursion."""

from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax.saxutils import escape, quoteattr

from stimme.sip.errors import SipParseError
from stimme.sip.uri import clean_text

MAX_BYTES = 65_536
MAX_DEPTH = 20
MAX_ELEMENTS = 2_000
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = {code: None for code in range(32) if code not in (9, 10, 13)}


def element(name: str, content: str = "", **attributes: str | None) -> str:
    """An element whose content is XML already; attributes that are None are left out, `_` becomes `-`."""
    shown = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_clean(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{shown}>{content}</{name}>" if content else f"<{name}{shown}/>"


def text(value: str) -> str:
    """Text as XML content."""
    return escape(_clean(value))


def _clean(value: str) -> str:
    return clean_text(value).translate(_FORBIDDEN)


@dataclass(slots=True)
class Node:
    """One element that was read: its name without namespace, attributes, text and children."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def find(self, name: str) -> "Node | None":
        """The first child of this name."""
        return next((child for child in self.children if child.name == name), None)

    def find_all(self, name: str) -> list["Node"]:
        """Every child of this name."""
        return [child for child in self.children if child.name == name]


class _Reader:
    def __init__(self) -> None:
        self.root = Node("")
        self._path = [self.root]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._path) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise SipParseError("too many elements")
        node = Node(name.rpartition(" ")[2], attributes)
        self._path[-1].children.append(node)
        self._path.append(node)

    def end(self, _: str) -> None:
        self._path.pop()

    def characters(self, data: str) -> None:
        self._path[-1].text += data

    def refuse(self, *_: object) -> None:
        raise SipParseError("a document type")


def read(data: bytes) -> Node:
    """The root element of a document. Raises SipParseError."""
    if len(data) > MAX_BYTES:
        raise SipParseError("the document is too long")
    reader = _Reader()
    parser = ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(data, True)
    except ExpatError as error:
        raise SipParseError(f"not XML: {error}", parser.ErrorByteIndex) from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        raise SipParseError(f"not XML: {error}") from error
    return reader.root.children[0]
