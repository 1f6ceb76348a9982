"""What is asked: the experiment file, and the rows, columns and outer folds that it means."""
