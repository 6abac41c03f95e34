"""The meanings of a cell: it holds a value, or a status says why there is none."""

from __future__ import annotations

from qtoolkit.language import Text

VALUE, NOT_APPLICABLE, NOT_REPORTED, PENDING, ZERO, FALSIFIED, NEW = range(7)
BLANKS = (NOT_APPLICABLE, NOT_REPORTED, PENDING, NEW)
"""The statuses whose treatment the scheme says."""
STATUS_NAMES = ("value", "not_applicable", "not_reported", "pending", "zero", "falsified", "new")
STATUS_LABELS = (
    Text("有数值", "value"),
    Text("不适用", "not applicable"),
    Text("未报送", "not reported"),
    Text("待核实", "pending"),
    Text("零分", "zero"),
    Text("弄虚作假", "falsified"),
    Text("新增指标尚无数据", "new, without data"),
)
WRITTEN = (NOT_APPLICABLE, NOT_REPORTED, PENDING, ZERO, FALSIFIED)
STATUS_WORDS = {word: i for i in WRITTEN for word in (STATUS_LABELS[i].zh, STATUS_NAMES[i])}
"""What a status column, or a cell in the place of its value, may say."""
