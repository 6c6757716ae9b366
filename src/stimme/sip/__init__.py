"""SIP (RFC 3261) without I/O: messages, transactions, dialogs, digest, SDP.

The folder `transport` alone touches sockets. When STIMME_NATIVE names a folder that `scripts/compile_sip.py`
filled, the modules come from there as machine code; they are these same sources, compiled.
"""

import os
import sys
from pathlib import Path

_native = os.environ.get("STIMME_NATIVE")
if _native:
    sys.path.append(_native)
    __path__.insert(0, str(Path(_native) / "sip"))
