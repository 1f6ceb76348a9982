"""The tests, which mirror the rooms.

Two workers fill two cores; threads of linear algebra would only make them wait for each other. It
has to be told before numpy is imported. That fits hold themselves to one thread wherever they run
is tested in ``house/test_threads.py``.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
