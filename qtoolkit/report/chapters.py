"""The chapters of the memo, in order. A block names the chapter that takes it."""

from qtoolkit.language import Text, say


def memo_title(year: str, title: Text | None = None) -> Text:
    """The memo's title: the scheme's own, as it stands, or that of a quality work assessment, with
    the year where it has one.

    >>> memo_title("2026").zh, memo_title("2001", Text("指数测算报告", "Memo on the index")).zh
    ('2026年度质量工作考核方案测算论证报告', '指数测算报告')
    """
    if title is not None:
        return title
    if not year:
        return Text(
            "质量工作考核方案测算论证报告", "Methodology memo on the quality work assessment scheme"
        )
    return say(
        zh="{year}年度质量工作考核方案测算论证报告",
        en="Methodology memo on the quality work assessment scheme {year}",
        year=year,
    )


CHAPTERS: dict[str, Text] = {
    "summary": Text("摘要", "Summary"),
    "basis": Text("编制依据和原则", "Basis and principles"),
    "units": Text("考核对象、考核周期和数据来源", "Units assessed, period and sources of data"),
    "indicators": Text("指标体系及分值调整情况", "Indicators and changes of points"),
    "results": Text("模拟测算结果", "Results of the trial assessment"),
    "operation": Text("指标运行分析", "How the indicators work"),
    "cutoffs": Text("等级划分标准论证", "Grounds for the grade cutoffs"),
    "stability": Text("结果稳定性检验", "Robustness of the results"),
    "changes": Text(
        "与上年度比较及等级变化原因", "Comparison with last year and reasons for changed grades"
    ),
    "alternatives": Text("备选方案比选", "Comparison of drafts"),
    "risks": Text("风险提示和建议", "Risks and recommendations"),
}

ANNEXES: dict[str, Text] = {
    "annex_revision": Text("修订对照表", "Table of revisions"),
    "annex_rules": Text("评分细则", "Scoring rules"),
    "annex_scores": Text("得分明细", "Scores in detail"),
    "annex_opinions": Text("意见采纳情况", "Opinions received and adopted"),
    "annex_methods": Text("计算方法、参数和版本", "Methods, parameters and versions"),
    "annex_terms": Text("名词解释", "Terms"),
}
