"""The README and the pages in docs/ say what is so."""
