"""When this program began, as far as nao can know: when `nao` was first imported.

Nothing is imported before this module but Python's own. What the system knows, the
start of the process, is no better: `pip install ... && exec python launch.py`, which
shells make of the last command of a list, is one process from its first line on.
"""

import time

BEGUN = time.monotonic()
