"""The balance core: plain Python and NumPy, no clock, no database. Public names and how to use them follow with the verdicts."""
