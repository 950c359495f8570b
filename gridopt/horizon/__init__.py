"""How the hours of the horizon are solved: window after window, or all at once."""
