"""Built-in studies: what ``gridopt study`` compares, one module for each."""
