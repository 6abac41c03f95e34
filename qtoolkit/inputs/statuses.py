"""The meanings of a cell: it holds a value, or a status says why there is none."""

from __future__ import annotations

from qtoolkit.language import Text

VALUE, NOT_APPLICABLE, NOT_REPORTED, PENDING, ZERO = range(5)
STATUS_NAMES = ("value", "not_applicable", "not_reported", "pending", "zero")
STATUS_LABELS = (
    Text("有数值", "value"),
    Text("不适用", "not applicable"),
    Text("未报送", "not reported"),
    Text("待核实", "pending"),
    Text("零分", "zero"),
)
STATUS_WORDS = {label.zh: i for i, label in enumerate(STATUS_LABELS) if i != VALUE} | {
    name: i for i, name in enumerate(STATUS_NAMES) if i != VALUE
}
"""What a status column, or a cell in the place of its value, may say."""
