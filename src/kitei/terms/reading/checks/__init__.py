"""One module for each sort of flaw; every check is a function from a survey to the flaws it sees."""
