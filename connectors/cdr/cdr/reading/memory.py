"""Memory of processes through which pages come and go by the megabyte."""

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
    # What was imported stays, and hardly any of it is garbage: the collector need not look at it again and again.
    gc.freeze()
