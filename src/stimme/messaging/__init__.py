"""Mail that the system sends: letters, their delivery, and when one is tried again."""
