"""The only SIP code that touches sockets: UDP, TCP, TLS, WS and WSS."""
