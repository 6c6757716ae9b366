"""For every test: a slow machine is no failure of a property."""

from hypothesis import settings

settings.register_profile("stimme", deadline=None)
settings.load_profile("stimme")
