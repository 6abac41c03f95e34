"""Everything about Excel workbooks, in one room with three floors.

Ground floor, below the inputs, which read through it: `package` unpacks the parts of a file within
limits, `sheetxml` reads what their XML says and `sheetcells` the cells of a sheet, `reading` makes
grids of them; `writing` begins a workbook that lies there whole or not at all.

Beside the inputs: `schemesheets` and `schemebook`, a scheme as sheets and back.

Above the report: `template` and `collect` (workbooks to fill in, and filled), `recheck` (the
assessment as live formulas) and `tables` (what a run shows, a sheet a table).
"""
