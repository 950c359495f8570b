"""Components of the power system and their dispatch problem."""
