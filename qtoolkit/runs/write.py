"""What stands in a run folder, written into its temporary sibling."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from qtoolkit import __version__
from qtoolkit.errors import InputError, WorkError, clip
from qtoolkit.language import Text, same, say
from qtoolkit.report import memo
from qtoolkit.report.blocks import Block, DataTable, Paragraph, payload
from qtoolkit.report.chapters import memo_title, reasons, report_of
from qtoolkit.runs import outputs
from qtoolkit.runs.certificates import write_certificates
from qtoolkit.runs.draws import write_draw
from qtoolkit.runs.execute import execute
from qtoolkit.runs.executors import Workers
from qtoolkit.runs.plan import Plan
from qtoolkit.workbooks.recheck import write_recheck
from qtoolkit.workbooks.tables import write_workbook

RECHECK = Text("复核底稿.xlsx", "recheck.xlsx")


def write(
    plan: Plan,
    work: Path,
    workers: Workers,
    progress: Callable[[int, int, Text], None],
    content: Mapping[str, Any],
) -> list[WorkError]:
    """Execute the notebooks and write notebooks, tables, figures and memo into `work`; what failed
    is returned, and what does not hang on it is written all the same."""
    language = plan.parameters.language
    total = len(plan.notebooks) + 1 + len(plan.formats)
    steps_done = 0

    def step(what: Text) -> None:
        nonlocal steps_done
        steps_done += 1
        progress(steps_done, total, what)

    executed = work / "notebooks"
    executed.mkdir()
    parameters = plan.parameters.model_dump(mode="json") | dict(plan.parameters.knobs)
    books, failures = execute(
        plan.notebooks,
        parameters,
        language,
        plan.folder,
        executed,
        workers,
        lambda name: step(say(zh="已运行 {name}", en="{name} has run", name=name)),
    )
    attempt = _Attempts(work, failures)
    blocks, pictures = _collected(books, attempt)
    with attempt(Text("参数和版本", "parameters and versions")):
        blocks += [payload(block, language) for block in provenance(content, plan.memo_notices)]
    with attempt(Text("表", "tables")):
        outputs.write_tables(blocks, work / "tables")
    with attempt(Text("tables.xlsx", "tables.xlsx")):
        write_workbook(blocks, work / "tables.xlsx")
    with attempt(Text("图", "figures")):
        outputs.write_figures(blocks, pictures, work / "figures")
    with attempt(RECHECK):
        write_recheck(plan.result, work / RECHECK.of(language), language)
    with attempt(Text("证明书", "certificates.json")):
        write_certificates(plan.result, work, blocks)
    ran = [book.name for book in plan.notebooks]
    if "07_verification" in ran:
        with attempt(Text("抽取名单", "the draw")):
            write_draw(plan.case, work / "draw", language)
    step(Text("已写出表和图", "tables and figures are written"))
    report = report_of(ran)
    title = memo_title(plan.case.scheme.year, plan.case.scheme.title, report).of(language)
    document = None
    with attempt(Text("报告", "the memo")):
        empty = reasons(ran, plan.case.previous is not None, bool(plan.case.drafts))
        document = memo.compose(blocks, title, [], language, pictures, empty, report)
    for name in plan.formats if document is not None else ():
        with attempt(Text(f"memo.{name}", f"memo.{name}")):
            memo.render(document, work, "memo", [name])
        step(say(zh="已写出 memo.{name}", en="memo.{name} is written", name=name))
    return failures


FAULTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""How a program stumbles over a block of an unforeseen form."""
TRACES = "failed.txt"  # of what nobody foresaw, in the folder of a failed run


class _Attempts:
    """Pieces of work of which one that fails costs the others nothing: its failure is collected.

    What the system refuses (a full disk) is no failure of a piece and stops the whole.
    """

    def __init__(self, work: Path, failures: list[WorkError]):
        self.work, self.failures = work, failures

    @contextmanager
    def __call__(self, what: Text) -> Iterator[None]:
        """Attempt one piece, which is called `what` where nobody foresaw how it fails."""
        try:
            yield
        except WorkError as error:
            self.failures.append(error)
        except InputError as error:
            zh, en = ("; ".join(error.sentences(language)) for language in ("zh", "en"))
            self.failures.append(WorkError(Text(zh, en)))
        except OSError:
            raise
        except FAULTS as error:
            with (self.work / TRACES).open(
                "a", encoding="utf-8", errors="backslashreplace"
            ) as file:
                file.write("".join(traceback.format_exception(error)))
            text = say(
                zh="{what}未能写出（{kind}：{why}），详情见 {file}",
                en="{what} could not be written ({kind}: {why}), details are in {file}",
                what=what,
                kind=type(error).__name__,
                why=clip(error, 200),
                file=TRACES,
            )
            self.failures.append(WorkError(text))


def _collected(
    books: Sequence[Path], attempt: _Attempts
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """The blocks of the notebooks, and pictures; a notebook that does not go with those before it
    is left out."""
    kept: list[Path] = []
    blocks_and_pictures: tuple[list[dict[str, Any]], dict[str, bytes]] = ([], {})
    for book in books:
        with attempt(Text(book.name, book.name)):
            blocks_and_pictures = outputs.collect([*kept, book])
            kept.append(book)
    return blocks_and_pictures


def provenance(content: Mapping[str, Any], notices: Sequence[Text] = ()) -> list[Block]:
    """Annex: parameters, inputs and versions, so that the run can be repeated."""
    text = Text(
        "以下参数、输入文件和软件版本相同时，结果完全相同；更多信息见结果文件夹中的 "
        "manifest.json。",
        "With the same parameters, input files and versions the results are the same; "
        "manifest.json in the run folder says more.",
    )
    shown = {
        key: value
        for key, value in content["parameters"].items()
        if value not in (None, {}, []) and key != "language"
    }
    if "alternatives" in shown:
        shown["alternatives"] = [_draft(draft) for draft in shown["alternatives"]]
    rows = [(PARAMETER, key, _plain(value)) for key, value in shown.items()]
    rows += [
        (INPUT, item["name"], f"SHA-256 {item['sha256'][:16]}")
        for item in content["inputs"].values()
    ]
    rows += [
        (NOTEBOOK, name, f"SHA-256 {item['sha256'][:16]}")
        for name, item in content["notebooks"].items()
    ]
    software = {"qtoolkit": __version__, **content["versions"]}
    rows += [(SOFTWARE, name, number) for name, number in software.items()]
    frame = pd.DataFrame(rows, columns=["kind", "name", "value"])
    frame["name"], frame["value"] = frame["name"].map(same), frame["value"].map(same)
    columns = {
        "kind": Text("类别", "Kind"),
        "name": Text("名称", "Name"),
        "value": Text("内容", "Value"),
    }
    caption = Text("参数、输入文件和版本", "Parameters, inputs and versions")
    heading = Text("参数和版本", "Parameters and versions")
    return [
        *(Paragraph(notice, "annex_methods", heading, place=1) for notice in notices),
        Paragraph(text, "annex_methods", heading, place=1),
        Paragraph(RECHECKED, "annex_methods", heading, place=1),
        DataTable(
            "provenance",
            caption,
            frame,
            columns,
            {},
            "annex_methods",
            heading,
            widths=(2, 4, 7),
            place=1,
        ),
    ]


RECHECKED = Text(
    "用 Excel 核对：结果文件夹中的“复核底稿.xlsx”从原始数值起用公式算出各项得分、总分、位次和等级，"
    "改一个数值，后面全部重算。用命令核对：qtoolkit verify 检查结果文件夹有没有被改动，"
    "并逐条复核其中的证明。"
    "试算记录：带着改动的每次测算和调整面板中的每次试算，都记在数据旁的 trials.csv 中，"
    "qtoolkit trials 依次列出改过什么、谁的等级改变。",
    "To check in Excel: “recheck.xlsx” in the run folder works out marks, totals, ranks and grades "
    "from the raw values by formulas; change one value, and all that follows is recalculated. To "
    "check by command: qtoolkit verify tells whether the run folder was altered and checks each of "
    "its proofs. What was tried: each run with changes and each trial in the tuning panel is on "
    "record in trials.csv beside the data; qtoolkit trials lists what was moved and whose grade "
    "changed.",
)
PARAMETER, INPUT = Text("参数", "parameter"), Text("输入文件", "input file")
NOTEBOOK, SOFTWARE = Text("分析模块", "notebook"), Text("软件", "software")


def _plain(value: Any) -> str:
    """A parameter's value as a table shows it; what is inside of another stands in brackets.

    >>> _plain({"cutoffs.A": 88.0}), _plain({"box": {"relative": 0.1}, "levels": [0.1, 0.2]})
    ('cutoffs.A=88', 'box=(relative=0.1), levels=[0.1, 0.2]')
    >>> _plain({"grades.A.quota": None})
    'grades.A.quota=null'
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_inner(item)}" for key, item in value.items())
    return ", ".join(map(_inner, value)) if isinstance(value, list | tuple) else str(value)


def _draft(draft: Mapping[str, Any]) -> Any:
    """A draft as it is written where it is only a file; else what is said of it.

    >>> _draft({"name": None, "scheme": "two.yaml", "changes": {}})
    'two.yaml'
    """
    said = {key: value for key, value in draft.items() if value not in (None, {})}
    return said["scheme"] if set(said) == {"scheme"} else said


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_plain(value)})"
    if isinstance(value, list | tuple):
        return f"[{_plain(value)}]"
    if value is None:
        return "null"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.12g}" if is_number else str(value)
