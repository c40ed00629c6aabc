"""Memory of processes through which pages come and go by the megabyte.

Why this is here: without the collector's freeze a full read takes about a tenth longer, as it looks at 100,000 objects
of imported modules again and again; without the allocator's settings the main process keeps room for the largest page
once for every thread. Both are measured by `make bench`.
"""

import ctypes
import gc

# From malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_MIB = 1024 * 1024


def settle() -> None:
    """Keep the process small, and the room of one page for the next. To be called once everything is imported."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc; others have no such settings
        # Every thread has a heap of its own otherwise, which keeps room for the largest page that it has seen.
        mallopt(_M_ARENA_MAX, 1)
        # Room is kept: given back to the system after each page, it has to be cleared anew for the next one.
        mallopt(_M_MMAP_THRESHOLD, 32 * _MIB)
        mallopt(_M_TRIM_THRESHOLD, 256 * _MIB)
    gc.freeze()
