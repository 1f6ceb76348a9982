"""MLflow: runs and models put into it, fetched from it, and the script that answers for a model."""
