"""The mutation proof takes minutes: it is collected only when asked for (`make faults MUTATE=all`)."""

import os

collect_ignore = [] if os.environ.get("FAULT_MUTATE") else ["test_mutations.py"]
