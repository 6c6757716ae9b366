"""HTTP and WebSocket API, authentication, roles."""
