"""What answers calls itself: menus, the attendant. The call core does what they say."""
