"""How large an input may be: each limit with its value and its reason, in one place.

The stated size of use, 3,000 units × 100 indicators with a status, a target and a remark for each,
is 1.2 million cells. Within all limits together a table is refused, or read and checked against its
scheme, within 10 s of one processor and 1 GB of memory.
Sizes are tested on the bytes, before a reader opens the file; numbers where they become numbers.
(How many complaints are collected stands in `qtoolkit.errors`, which is a floor lower.)
"""

from __future__ import annotations

from qtoolkit.errors import Complaint, InputError, unexpected
from qtoolkit.language import Text, say

FILE_BYTES = 40_000_000
"""Bytes of any file: two million cells of twenty bytes. Text takes up to four times as much memory,
several times over."""

ROWS = 50_000
"""Rows of a table, by the last row that is filled: the counties of China are 2,844."""

COLUMNS = 4_000
"""Columns of a table, by the last column that is filled: 400 indicators with ten columns each."""

CELLS = 2_000_000
"""Cells of a table, or of all visible sheets of a workbook together: rows × columns, filled or not,
because a reader makes the whole rectangle. One cell at XFD1048576 would be 17 thousand million."""

LINES = 500_000
"""Lines of a CSV: a cell in quotation marks may span lines, ten for each row."""

SEPARATORS = 4 * CELLS
"""Commas in a CSV, those inside quotation marks too."""

UNPACKED_BYTES = 150_000_000
"""Bytes of the parts of a workbook that are read, once unpacked: 75 for each cell. 1 MB can unpack
to 1 GB."""

TEXT_CHARACTERS = 40_000_000
"""Characters in the text cells of a workbook: its strings stand in it once however many cells show
them."""

SHEETS = 200
"""Sheets of a workbook: one for each department and unit of a city."""

ZIP_ENTRIES = 20_000
"""Parts of a workbook, pictures and drawings too."""

YAML_BYTES = 1_000_000
"""Bytes of a YAML document: 1,500 indicators with all their columns. The parser takes 6 s for as
much."""

YAML_LINE = 100_000
"""Characters of a line of YAML: the time that the parser takes for one word, such as a tag, rises
with its square."""

YAML_VALUES = 100_000
"""Keys, values and lists of a YAML document: 60 for each of 1,500 indicators. The parser takes 30
µs for each."""

YAML_DEPTH = 50
"""Levels of a YAML document: two for each level of indicators, and a few for a rule. Readers call
themselves for each."""

LEVELS = 12
"""Levels of indicators. Rounding half up can double a score at each level, so that a total of
POINTS stays below 10⁴ · 2¹³ = 8.2e7 points; a whole number of 63 bits holds 9.2e8 points of 10¹⁰
ticks, a threshold 4.6e8."""

POINTS = 10_000
"""The total, and any other number of points (cutoffs, caps, all bonus items together). Floats near
10⁴ are 1.8e-12 apart, so that a sum of a hundred leaves hits the right tick of 1e-10; near 10⁶
they are 1.2e-10 apart, and 90 could be graded as less. No scheme that was found has more than
1,000."""

NUMBER = 1e15
"""The size of any other number, raw values included: Excel keeps 15 digits. The GDP of China in
yuan is 1.3e14. Products and squares of such numbers stay finite."""

SMALLEST_NUMBER = 1e-100
"""A number below it in size, other than 0, is none that anybody measured: its square, or a rate
divided by it, could become 0 or infinite, and a score no number at all."""

GRADES = 100
"""Grades of a scheme: they are counted in whole numbers of 8 bits."""


def too_small(value: float | str) -> Text:
    """What is said of a number too near to 0; as text where a float would hold it as 0."""
    want = say(
        zh=" 0，或绝对值不小于 {least} 的数字",
        en="0 or a number of at least {least} in size",
        least=f"{SMALLEST_NUMBER:g}",
    )
    return unexpected(value if isinstance(value, str) else f"{value:.10g}", want)


def too_large(
    name: str, what: Text, found: float, most: float, row: int | None = None
) -> InputError:
    """The refusal of what is too large: what it is, how large, and how large it may be."""
    text = say(
        zh="{what}为 {found:,}，应不超过 {most:,}",
        en="{what}: found {found:,}, expected at most {most:,}",
        what=what,
        found=found,
        most=most,
    )
    return InputError(Complaint(text, name, row))
