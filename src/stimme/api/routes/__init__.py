"""The routes of ``/api/v1``, a file a subject; each function builds a router from what it needs."""
