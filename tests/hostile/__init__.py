"""Files that somebody sends: nothing in them runs code, hangs, fills the memory, or ends in a
traceback or a wrong grade."""
