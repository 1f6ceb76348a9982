"""One file per laboratory format: ``FORMAT`` and ``read(file, layout)``."""
