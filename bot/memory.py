"""How often a process looks for garbage.

Nearly all of it goes when its last reference does. What the collector is for, cycles, comes in small numbers here; but
made as it is by Python's defaults, after every 700 new objects, each of its full rounds goes through the hundred
thousand objects of the libraries, which stay for ever, while everything else waits: a tenth of the time in a storm
(`python -m benchmarks.events`).
"""

import gc

_NEW = 10_000
"""So many new objects that are still there, and it looks through these."""


def settle() -> None:
    """What is there now stays, and is not looked at again; call it once, when all modules are there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW, *gc.get_threshold()[1:])
