"""The chapters of the memo, in order. A block names the chapter that takes it."""

from collections.abc import Collection

from qtoolkit.language import Text, say


def memo_title(year: str, title: Text | None = None, report: str = "assessment") -> Text:
    """The memo's title: the scheme's own, as it stands, or that of a quality work assessment (or of
    its verification), with the year where it has one.

    >>> memo_title("2026").zh, memo_title("2001", Text("指数测算报告", "Memo on the index")).zh
    ('2026年度质量工作考核方案测算论证报告', '指数测算报告')
    """
    if title is not None:
        return title
    if report == "verification":
        return say(
            zh="{year}质量工作考核实地核查情况报告",
            en="Report on the verification of the quality work assessment{year}",
            year=Text(f"{year}年度", f" {year}") if year else Text("", ""),
        )
    if not year:
        return Text(
            "质量工作考核方案测算论证报告", "Methodology memo on the quality work assessment scheme"
        )
    return say(
        zh="{year}年度质量工作考核方案测算论证报告",
        en="Methodology memo on the quality work assessment scheme {year}",
        year=year,
    )


# What each chapter and annex is called, in the order of the memo, which numbers them; the summary
# has no number.
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
    "annex_draw": Text("实地核查抽取名单和复核办法", "The draw for verification, to be repeated"),
}

ASKED_FOR = {
    key: CHAPTERS[key] for key in ("operation", "cutoffs", "stability", "changes", "alternatives")
}
"""What stands at the end of the other reports where notebooks that fill it run beside theirs."""

# The same of an award's own report (评审情况报告).
AWARD: dict[str, Text] = {
    "summary": Text("摘要", "Summary"),
    "basis": Text("评审依据", "Basis"),
    "indicators": Text("评审标准和分值", "Criteria and points"),
    "award_screen": Text("申报、资格审核和入围", "Applications, eligibility and shortlist"),
    "award_scores": Text("评审得分", "Scores"),
    "award_agreement": Text("评委评分的一致性和宽严", "Agreement and severity of the assessors"),
    "award_winners": Text("拟获奖名单及其把握", "Winners, and how sure they are"),
    "award_votes": Text("评审委员会投票", "The committee's vote"),
    "award_profiles": Text(
        "各申报单位的优势和改进空间", "Strengths and room for improvement of each applicant"
    ),
    "award_publicity": Text("公示名单", "List to be published"),
    **ASKED_FOR,
}

# The same of a report on the verification alone (实地核查情况报告).
VERIFICATION: dict[str, Text] = {
    "summary": Text("摘要", "Summary"),
    "verification_year": Text("考核日程、数据期和目标备案", "Calendar, periods and filed targets"),
    "verification_tasks": Text("任务清单完成情况", "Task lists"),
    "verification_draw": Text("实地核查抽取", "The draw for verification"),
    "verification_found": Text("自评与核查", "Filed and verified"),
    "verification_ahead": Text("假如全部核查", "If all were verified"),
    "verification_sizes": Text("抽取多少家才够", "How many to draw"),
    **ASKED_FOR,
}

AWARD_ANNEXES = {key: ANNEXES[key] for key in ("annex_revision", "annex_scores", "annex_methods")}
VERIFICATION_ANNEXES = {"annex_draw": ANNEXES["annex_draw"]} | AWARD_ANNEXES
REPORTS: dict[str, tuple[dict[str, Text], dict[str, Text]]] = {
    "assessment": (CHAPTERS, ANNEXES),
    "award": (AWARD, AWARD_ANNEXES),
    "verification": (VERIFICATION, VERIFICATION_ANNEXES),
}
"""Chapters and annexes of each report."""
ELSEWHERE: dict[str, dict[str, str]] = {
    "assessment": {
        "award_agreement": "stability",
        "verification_year": "units",
        "verification_tasks": "operation",
        "verification_draw": "units",
        "verification_found": "stability",
        "verification_ahead": "stability",
        "verification_sizes": "stability",
    },
    "award": {
        "award_summary": "summary",
        "award_basis": "basis",
        "award_criteria": "indicators",
    },
    "verification": {"verification_summary": "summary"},
}
"""Where what the pages of panels and of verification say goes in each report; what has no place in
it is left out."""


def report_of(ran: Collection[str]) -> str:
    """Which report a run of these notebooks makes.

    >>> report_of(["06_panel"]), report_of(["07_verification"])
    ('award', 'verification')
    >>> report_of(["01_assessment", "06_panel"])
    'assessment'
    """
    if "01_assessment" in ran:
        return "assessment"
    alone = {"06_panel": "award", "07_verification": "verification"}
    return next((report for name, report in alone.items() if name in ran), "assessment")


# Why a chapter has nothing to say where what it needs is not given.
NOT_GIVEN: dict[str, Text] = {
    "changes": Text(
        "没有提供上年度的方案和数据，不作比较。",
        "No scheme and data of last year are given, so nothing is compared.",
    ),
    "alternatives": Text(
        "没有提供备选方案，不作比选。", "No other drafts are given, so nothing is compared."
    ),
    "annex_revision": Text(
        "没有提供上年度的方案，不作对照。",
        "No scheme of last year is given, so nothing is set side by side.",
    ),
    "annex_opinions": Text(
        "没有提供征求意见的记录，不列采纳情况。",
        "No record of opinions is given, so none is listed.",
    ),
}

# The notebook that fills a chapter.
FILLED_BY: dict[str, str] = {
    "basis": "01_assessment",
    "units": "01_assessment",
    "indicators": "01_assessment",
    "results": "01_assessment",
    "operation": "01_assessment",
    "cutoffs": "03_cutoffs",
    "stability": "04_sensitivity",
    "changes": "05_comparison",
    "alternatives": "05_comparison",
    "risks": "01_assessment",
    "annex_revision": "05_comparison",
    "annex_rules": "01_assessment",
    "annex_scores": "01_assessment",
    "annex_terms": "01_assessment",
}


NOT_RUN = Text("本次测算没有进行该项分析。", "This analysis was not part of the run.")


def reasons(ran: Collection[str], has_last_year: bool, has_drafts: bool = False) -> dict[str, Text]:
    """By chapter, why it would have nothing to say in a run of these notebooks: what it needs is
    not given, or the notebook that fills it was not asked for.

    >>> found = reasons(["01_assessment"], has_last_year=False)
    >>> found["cutoffs"].en
    'This analysis was not part of the run.'
    >>> found["changes"].zh, "results" in found
    ('没有提供上年度的方案和数据，不作比较。', False)
    """
    if report_of(ran) != "assessment":
        return {}
    given = {
        "changes": has_last_year,
        "alternatives": has_drafts,
        "annex_revision": has_last_year or has_drafts,
    }
    not_run = {name: NOT_RUN for name, notebook in FILLED_BY.items() if notebook not in ran}
    return not_run | {name: why for name, why in NOT_GIVEN.items() if not given.get(name, False)}
