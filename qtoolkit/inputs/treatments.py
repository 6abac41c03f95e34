"""What a scheme may say of raw values before they are scored: what blanks mean and give, and how
extreme values are treated."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from qtoolkit.models import Flag, Model

Treatment = Literal["fail", "zero", "full", "renormalise", "group_mean"]
Blank = Literal["fail", "not_applicable", "not_reported", "pending", "zero"]


class Outliers(Model):
    """Treatment of extreme raw values before the rule, every treated cell of which is logged: the
    `low` lowest and `high` highest values take the value next to them; `log` scores the logarithm
    of values above 0, the rule's ends included."""

    low: int = Field(default=0, ge=0, strict=True)
    high: int = Field(default=0, ge=0, strict=True)
    log: Flag = False


class Missing(Model):
    """What a blank means and what each meaning gives; `new`: what a leaf gives for which the table
    has no column yet (新增指标). Nothing has a silent default but "fail"."""

    blank: Blank = "fail"
    not_applicable: Treatment = "fail"
    not_reported: Treatment = "fail"
    pending: Treatment = "fail"
    new: Literal["fail", "zero", "full", "renormalise"] = "fail"
    no_data: Literal["fail", "exclude"] = "fail"


class LeafMissing(Model):
    """A leaf's own treatment where it differs from the scheme's."""

    blank: Blank | None = None
    not_applicable: Treatment | None = None
    not_reported: Treatment | None = None
    pending: Treatment | None = None
    new: Literal["fail", "zero", "full", "renormalise"] | None = None
