"""Typed asyncio face of the media engine `stimme-media`."""
