"""How results are worded, wherever they are printed."""
