"""``python -m signature`` is the command ``signature``."""

import sys

from signature.command import main

if __name__ == "__main__":
    sys.exit(main())
