"""The facts of each page of the memo, computed anew from the tables beside them.

A module for each folder of `qtoolkit/report/pages`, in it a function for each page, with its name:
`check(tables, given)` returns every fact of the page. `tables` are the page's tables, as frames
with their index as a column; `given` is what the view was called with (:class:`recorded.Given`).
"""
