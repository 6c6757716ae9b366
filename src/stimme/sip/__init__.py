"""SIP (RFC 3261) without I/O: messages, transactions, dialogs, digest, SDP.

The folder `transport` alone touches sockets.
"""
