"""Invoices are drawn by a process of their own.

Policy: laying out a page keeps an interpreter busy for half a second, and the one that serves this API also
carries calls. One document is drawn at a time, at low priority; a printer that takes longer than its time is
ended and the request refused.
"""

import asyncio
import json
import sys

from stimme.licensing.archive import to_document
from stimme.licensing.errors import PrintingError
from stimme.licensing.invoices import Invoice
from stimme.sentences import Sentence

PATIENCE_SECONDS = 60.0


class Printer:
    """Draws documents one after the other."""

    def __init__(self, *, patience: float = PATIENCE_SECONDS) -> None:
        self._turn = asyncio.Lock()
        self._patience = patience

    async def pdf(self, invoice: Invoice) -> bytes:
        """Return the PDF of a document.

        Raises:
            PrintingError: When it cannot be drawn now.
        """
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "stimme.licensing.paper",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            document = json.dumps(to_document(invoice)).encode()
            try:
                drawn, _none = await asyncio.wait_for(process.communicate(document), self._patience)
            except TimeoutError as error:
                raise PrintingError(Sentence("not-drawn", "The document cannot be drawn now.")) from error
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            raise PrintingError(Sentence("not-drawn", "The document cannot be drawn now."))
        return drawn
