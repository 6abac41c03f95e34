"""What the tests of the inputs share: a sound small case, and the complaints of an unsound one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme, read_scheme

YAML = """\
id: s-1
name: {zh: 方案, en: Scheme}
year: "2008"
total: 100
indicators:
  - id: quality
    name: 质量
    points: 60
    children:
      - {id: loss, name: {zh: 损失率, en: Loss rate}, points: 20, unit: "%",
         rule: {kind: efficacy, unacceptable: 1, satisfactory: 0}}
      - {id: brand, name: {zh: 品牌, en: Brands}, points: 40, rule: {kind: share}}
  - {id: check, name: {zh: 抽查, en: Checks}, points: 25, scales: false,
     rule: {kind: deduct, rate: 0.5}}
  - {id: level, name: {zh: 评级, en: Rating}, points: 10,
     rule: {kind: level, levels: {好: 1, 中: 0.6, 差: 0}}}
  - {id: goal, name: {zh: 目标, en: Goal}, points: 5, rule: {kind: target}}
grades:
  - {id: A, cutoff: 90, quota: 2}
  - {id: B, cutoff: 80}
  - {id: C, cutoff: 60}
  - {id: D, cutoff: 0}
vetoes:
  - {id: safety, name: 安全, cap: D}
bonuses:
  - {id: media, name: 宣传, max: 3}
covariates:
  - {id: region, name: {zh: 区域, en: Region}}
  - {id: gdp, name: {zh: 生产总值, en: GDP}, kind: number}
"""

HEADER = (
    "unit,name_en,region,gdp,loss,brand,check,level,goal,target:goal,status:brand,veto:safety,"
    "bonus:media"
)
ROWS = ("甲市,City A,东,100,0.5,1,2,好,10,20,,是,1", "乙市,City B,西,90.5,0.2,0.5,0,差,20,20,,,")
CSV = "\n".join((HEADER, *ROWS)) + "\n"


def changed(text: str, *pairs: tuple[str, str]) -> str:
    """The text with parts replaced, each of which stands in it exactly once."""
    for old, new in pairs:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    return text


def row(text: str, part: str) -> int:
    """The line from 1 on which `part` stands first."""
    return text[: text.index(part)].count("\n") + 1


def scheme_of(tmp_path: Path, text: str = YAML) -> Scheme:
    path = tmp_path / "scheme.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scheme(path)


def refused(call: Callable, *arguments, **options) -> tuple[list[str], list[str]]:
    """The sentences in zh and en of the InputError that the call raises."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    zh, en = caught.value.sentences("zh"), caught.value.sentences("en")
    assert len(zh) == len(en) >= 1
    for sentence in (*zh, *en):
        assert sentence.strip() and len(sentence.splitlines()) == 1
        assert (
            "pydantic" not in sentence
            and "Input should" not in sentence
            and "valid " not in sentence.replace("not valid YAML", "")
        )
    return zh, en


def names(sentences: tuple[list[str], list[str]], *parts: str) -> bool:
    """Whether one sentence in each language holds all parts; rows are given as row=3 in the form
    "#3"."""
    zh, en = sentences
    zh_parts = [re.sub(r"^#(\d+)$", r"第\1行", part) for part in parts]
    en_parts = [re.sub(r"^#(\d+)$", r"row \1", part) for part in parts]
    found = any(all(p in s for p in zh_parts) for s in zh) and any(
        all(p in s for p in en_parts) for s in en
    )
    assert found, (parts, sentences)
    return True
