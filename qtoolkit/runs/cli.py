"""The command line: `qtoolkit run`, `check`, `lab`, `trials`, `verify`, `new`, `template`,
`collect`, `draw`, `diff`, `schema`.

Exit status 0 done, 1 the work failed, 2 the input is wrong, 130 interrupted.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from qtoolkit.__main__ import leave_quietly

    leave_quietly()

try:
    import json
    import re
    import shutil
    import signal
    import tempfile
    import traceback
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import contextmanager
    from pathlib import Path
    from typing import Annotated, Any

    import typer

    from qtoolkit.errors import InputError, WorkError, clip
    from qtoolkit.language import LANGUAGES, Text, say
except KeyboardInterrupt:  # before anything was begun
    sys.exit(130)

app = typer.Typer(
    help="质量工作考核方案测算工具 Test points, cutoffs and robustness of an assessment scheme.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

MOST_COMPLAINTS = 50  # printed at a time; a whole column of wrong cells would bury the rest

CaseArgument = Annotated[
    str,
    typer.Argument(
        help="案例文件夹、params.yaml、填好的工作簿或内置案例名 Case folder, params.yaml, filled "
        "workbook or packaged case"
    ),
]
SchemeArgument = Annotated[
    str,
    typer.Argument(
        help="案例、scheme.yaml 或含方案的工作簿 Case, scheme.yaml, or workbook that holds the "
        "scheme"
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="改参数，如 weight_band=0.2、cutoffs.A=88、points.质量诚信建设=4、grades.A.quota=3，"
        "指标和等级写编号或名称均可；data=… 等路径相对于当前目录（params.yaml 中的路径相对于"
        "该文件） Change a parameter (repeatable); indicators and grades by id or by name; paths "
        "such as data=… are relative to the working directory",
    ),
]
LanguageOption = Annotated[
    str | None, typer.Option("--language", help="语言 zh 或 en Language of memo and messages")
]
NotebookOption = Annotated[
    list[str] | None,
    typer.Option("--notebook", help="只运行这些分析 Run these notebooks only (repeatable)"),
]
NotebooksOption = Annotated[
    Path | None,
    typer.Option(
        "--notebooks",
        help="先用该文件夹中的 notebook（它们是程序，只用自己的） A folder whose notebooks come "
        "before the toolkit's own; they are programs: use your own alone",
    ),
]


@app.command()
def run(
    case: CaseArgument,
    set_: SetOption = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="结果文件夹 The run folder itself")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            min=1,
            help="同时运行的分析数和模拟的进程数 Notebooks at a time, and worker processes for "
            "simulations",
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            help="模拟所用的 Dask 调度器地址，或 local Dask scheduler for simulations, or local",
        ),
    ] = None,
    language: LanguageOption = None,
    format_: Annotated[
        str, typer.Option("--format", help="报告格式 Memo formats, comma separated")
    ] = "html,docx,pdf",
    notebook: NotebookOption = None,
    notebooks: NotebooksOption = None,
    alternative: Annotated[
        list[Path] | None,
        typer.Option(
            "--alternative",
            help="备选方案的文件，可写多个 A rival draft's scheme (repeatable)",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="随机数种子 Seed of simulations")
    ] = None,
) -> None:
    """测算并写出报告 Run a case and write the memo, tables and figures."""
    from qtoolkit.runs.executors import Workers
    from qtoolkit.runs.lab import unused
    from qtoolkit.runs.plan import plan
    from qtoolkit.runs.run import carry_out

    settings = _settings(set_) | ({} if seed is None else {"seed": seed})
    formats = tuple(name.strip() for name in format_.split(",") if name.strip())
    ready = plan(case, settings, language, notebook, formats, notebooks, alternative or ())
    tell = _teller(ready.parameters.language)
    for text in (*ready.notices, *unused(ready)):
        tell(text)
    with _Progress(ready.parameters.language) as bar, _spoken(ready.parameters.language):
        folder, already = carry_out(ready, out, Workers(jobs, dask), bar.show, tell)
    memo = folder / f"memo.{formats[0]}" if formats else folder
    if already:
        text = say(zh="结果已经存在：{path}", en="the result is there already: {path}", path=memo)
    else:
        text = say(zh="已完成：{path}", en="done: {path}", path=memo)
    _print(text.of(ready.parameters.language))


@app.command()
def check(
    case: CaseArgument,
    set_: SetOption = None,
    language: LanguageOption = None,
    notebook: NotebookOption = None,
    notebooks: NotebooksOption = None,
) -> None:
    """只检查输入，不运行 Validate a case without running it."""
    from qtoolkit.runs.lab import unused
    from qtoolkit.runs.plan import plan

    ready = plan(case, _settings(set_), language, notebook, notebook_folder=notebooks)
    language = ready.parameters.language
    for text in (*ready.notices, *unused(ready)):
        _teller(language)(text)
    text = say(
        zh="检查通过：考核对象{units}家，指标{leaves}项，总分{total:g}分。",
        en="The input is sound: {units:unit|units}, {leaves:indicator|indicators}, {total:g} "
        "points in all.",
        units=len(ready.case.table.units),
        leaves=len(ready.case.scheme.leaves),
        total=ready.case.scheme.total,
    )
    _print(text.of(language))
    for text in ready.result.flags["text"]:
        _print(f"  {text.of(language)}")


@app.command()
def lab(
    case: CaseArgument,
    set_: SetOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="放 notebook 的文件夹，默认为 lab/案例名-语言 Folder of your own notebooks",
        ),
    ] = None,
    language: LanguageOption = None,
    notebook: NotebookOption = None,
    notebooks: NotebooksOption = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="打开浏览器 Open a browser")
    ] = True,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare", help="只写出 notebook，不打开 Write the notebooks without opening them"
        ),
    ] = False,
) -> None:
    """用 JupyterLab 打开案例的分析 Open a case's notebooks in JupyterLab, as copies of your own."""
    from qtoolkit.runs import lab as opening
    from qtoolkit.runs.plan import plan

    ready = plan(case, _settings(set_), language, notebook, notebook_folder=notebooks)
    tell = _teller(ready.parameters.language)
    with _spoken(ready.parameters.language):
        prepared = opening.prepare(ready, out)
        for text in (*ready.notices, *prepared.notices):
            tell(text)
        text = say(
            zh="{folder} 中的 notebook 归您修改；qtoolkit run {case} --notebooks {folder} "
            "用它们测算",
            en="the notebooks in {folder} are yours to edit; qtoolkit run {case} --notebooks "
            "{folder} runs them",
            folder=prepared.folder,
            case=case,
        )
        _print(text.of(ready.parameters.language))
        if not prepare:
            opening.start(ready, prepared, browser)


@app.command()
def trials(case: CaseArgument, language: LanguageOption = None) -> None:
    """列出案例的试算记录 List what was tried: each trial by hand and each run with changes."""
    from qtoolkit.runs.record import no_record, printed, record_of
    from qtoolkit.trials import read_trials

    path, spoken = record_of(case)
    spoken = language or spoken
    with _spoken(spoken):
        if not path.exists():
            _print(no_record(path).of(spoken))
            return
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for line in printed(path, read_trials(path), spoken, width):
            _print(line)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="结果文件夹 Run folder")],
    language: LanguageOption = None,
) -> None:
    """核对结果文件夹与其清单和论断 Check a run folder against its manifest, and its claims."""
    from qtoolkit.runs.folder import MANIFEST, differences, read_manifest

    mismatches = differences(folder)
    if mismatches is None:
        text = say(
            zh="{folder} 不是测算结果文件夹：没有完好的 {name}",
            en="{folder} is no run folder: it has no sound {name}",
            folder=folder,
            name=MANIFEST,
        )
        raise InputError(text)
    if mismatches:
        _refuse(mismatches, language)
        text = say(
            zh="{folder} 与清单有{n}处不符",
            en="{folder} differs from its manifest in {n:place|places}",
            folder=folder,
            n=len(mismatches),
        )
        raise WorkError(text)
    count = len((read_manifest(folder) or {})["files"])
    text = say(
        zh="{count}个文件均与清单一致",
        en="all {count:file|files} are as the manifest says",
        count=count,
    )
    _print(text.of(language or "zh"))
    _verify_claims(folder, language)


def _verify_claims(folder: Path, language: str | None) -> None:
    """Check what a run claims about grades, and say what shows it."""
    from qtoolkit.runs.certificates import FILE
    from qtoolkit.runs.certificates import verify as verified

    found = verified(folder)
    if found is None:
        text = say(zh="没有 {file}，无论断可核", en="there is no {file}: no claims", file=FILE)
        _print(text.of(language or "zh"))
        return
    if found.failures:
        _refuse(found.failures, language)
        text = say(
            zh="{file} 有{n}处不成立",
            en="{n:claim|claims} of {file} fail",
            file=FILE,
            n=len(found.failures),
        )
        raise WorkError(text)
    text = say(
        zh="{file} 的{n}项论断均已核对：{witness}项有验证实例，{proof}项有证明，"
        "{search}项由搜索得出、没有简短证明",
        en="all {n:claim|claims} of {file} were checked: {witness} have a witness, {proof} a "
        "proof, {search} come by search, without a short proof",
        file=FILE,
        n=found.witness + found.proof + found.search,
        witness=found.witness,
        proof=found.proof,
        search=found.search,
    )
    _print(text.of(language or "zh"))


def _refuse(sentences: Sequence[Text], language: str | None) -> None:
    """Print what is wrong, as many sentences as a reader takes in."""
    for text in sentences[:MOST_COMPLAINTS]:
        _print(text.of(language or "zh"), error=True)
    more = len(sentences) - MOST_COMPLAINTS
    if more > 0:
        text = say(zh="另有{rest}处", en="and {rest} more", rest=more)
        _print(text.of(language or "zh"), error=True)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="新建的文件夹 Folder to make")],
    source: Annotated[
        str | None, typer.Option("--from", help="起始案例或工作簿 Case or workbook to begin from")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="方案名称 Name of the scheme")] = None,
    year: Annotated[str | None, typer.Option("--year", help="年度 Year")] = None,
    units: Annotated[
        str | None, typer.Option("--units", help="考核对象，以逗号分隔 Units, comma separated")
    ] = None,
    language: LanguageOption = None,
) -> None:
    """新建一个案例文件夹 Begin a case of your own; what is not given is asked for."""
    from qtoolkit.runs.new import SOURCE, new_case

    interactive = source is None and name is None and units is None and sys.stdin.isatty()
    if interactive:

        def ask(zh: str, en: str, default: str = "") -> str:
            words = Text(zh, en).of(language or "zh")
            return str(typer.prompt(words, default=default, show_default=bool(default)))

        source = ask("从哪个案例或工作簿开始", "Begin from which case or workbook", SOURCE)
        name = ask("方案名称（回车不改）", "Name of the scheme (Enter keeps it)") or None
        units = (
            ask("考核对象，以逗号分隔（回车不改）", "Units, comma separated (Enter keeps them)")
            or None
        )
    names = [unit.strip() for unit in re.split("[,，、]", units or "") if unit.strip()]
    made = new_case(folder, source or SOURCE, name, year, names, language or "zh")
    if names:
        text = say(
            zh="已新建：{path}；请填写 {path} 中的 data.csv，再用 qtoolkit check {path} 检查",
            en="made: {path}; fill in its data.csv, then qtoolkit check {path} says what is "
            "missing",
            path=made,
        )
    else:
        text = say(
            zh="已新建：{path}；用 qtoolkit run {path} 测算",
            en="made: {path}; qtoolkit run {path} runs it",
            path=made,
        )
    _print(text.of(language or "zh"))


@app.command()
def template(
    scheme: SchemeArgument,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            help="“部门”：每个考核牵头部门和考核办各一个工作簿；“评委”：每位评委一个评分工作簿 "
            "“部门” for one workbook a department, and one for the office; “评委” for one of score "
            "sheets an assessor",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="写入的工作簿或文件夹 Workbook or folder to write"),
    ] = None,
    blank: Annotated[
        bool, typer.Option("--blank", help="不填入案例的数据 Leave the case's data out")
    ] = False,
    language: LanguageOption = None,
) -> None:
    """生成供填写的工作簿 Make a workbook to fill in."""
    from qtoolkit.workbooks.template import write_template, write_templates

    language = language or "zh"
    if by in ("评委", "assessor"):
        _score_sheets(scheme, out, language)
        return
    if by not in (None, "部门", "department", "lead"):
        text = say(
            zh="--by 应为“部门”或“评委”，现为“{by}”",
            en="--by takes “department” or “assessor”, found “{by}”",
            by=by,
        )
        raise InputError(text)
    named_scheme, table = _scheme_of(scheme)
    title = f"{named_scheme.id}-{Text('模板', 'template').of(language)}"
    target = _unused(out or Path(title if by else f"{title}.xlsx"))
    if by is not None:
        write_templates(named_scheme, target, table, language)
    elif table is None:
        write_template(named_scheme, target, None, language)
    elif blank:
        units = named_scheme.units or table.units
        write_template(named_scheme.model_copy(update={"units": units}), target, None, language)
    else:
        units = named_scheme.units or None
        write_template(named_scheme.model_copy(update={"units": units}), target, table, language)
    _print(say(zh="已写出：{path}", en="written: {path}", path=target).of(language))


def _score_sheets(case: str, out: Path | None, language: str) -> None:
    """A workbook of score sheets for each assessor of a case."""
    from qtoolkit.inputs.case import read_roster
    from qtoolkit.workbooks.scoresheets import idle, write_score_sheets

    scheme, roster = read_roster(case)
    title = f"{scheme.id}-{Text('评分表', 'score-sheets').of(language)}"
    target = _unused(out or Path(title))
    paths = write_score_sheets(scheme, roster, target, language)
    for text in (
        say(
            zh="已写出{n}位评委的评分表：{path}",
            en="score sheets of {n:assessor|assessors} written: {path}",
            n=len(paths),
            path=target,
        ),
        *idle(scheme, paths),
    ):
        _print(text.of(language))


def _unused(target: Path) -> Path:
    """A workbook or folder to write, where nothing stands yet."""
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise InputError(
            say(
                zh="{path} 已存在，请用 -o 另指定",
                en="{path} exists: give another one with -o",
                path=target,
            )
        )
    return target


@app.command()
def collect(
    scheme: SchemeArgument,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="各部门或各评委填好的工作簿，或其文件夹 Filled workbooks, or their folder"
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="写入的汇总工作簿；评分也可写为 .csv Workbook to write; of ratings a .csv too",
        ),
    ] = None,
    language: LanguageOption = None,
) -> None:
    """汇总各部门或各评委填好的工作簿 Merge the workbooks of departments, or of assessors; list
    conflicts, gaps and who is late."""
    from qtoolkit.workbooks import collect as collecting
    from qtoolkit.workbooks.scorebooks import is_score_book

    paths = [
        path
        for argument in files
        for path in (sorted(argument.glob("[!~]*.xlsx")) if argument.is_dir() else [argument])
    ]
    target = _unused(out or Path(Text("汇总.xlsx", "collected.xlsx").of(language or "zh")))
    if any(map(is_score_book, paths)):
        _collect_marks(scheme, paths, target, language or "zh")
        return
    named_scheme, table = _scheme_of(scheme)
    collected = collecting.collect(
        named_scheme, paths, language or "zh", None if table is None else table.units
    )
    collecting.write_collected(named_scheme, collected, target, language or "zh")
    for text in (
        *collecting.summary(collected),
        say(zh="已写出：{path}", en="written: {path}", path=target),
    ):
        _print(text.of(language or "zh"))


def _collect_marks(case: str, paths: list[Path], target: Path, language: str) -> None:
    """Score sheets as one long table of ratings."""
    from qtoolkit.inputs.case import read_roster
    from qtoolkit.workbooks.scorebooks import collect_marks, said, write_marks

    scheme, roster = read_roster(case)
    marks = collect_marks(scheme, roster, paths)
    write_marks(scheme, roster, marks, target, language)
    for text in (
        *said(scheme, roster, marks),
        say(zh="已写出：{path}", en="written: {path}", path=target),
    ):
        _print(text.of(language))


def _scheme_of(argument: str) -> tuple[Any, Any]:
    """The scheme that an argument names, and the case's table where it names a case that is filled
    in; of one that is not, the scheme with the names of its units."""
    from qtoolkit.inputs.case import read_case, scheme_of
    from qtoolkit.inputs.locate import find_case
    from qtoolkit.inputs.table import NoDataYet

    path = find_case(argument)
    if path.is_file() and path.name != "params.yaml":
        return scheme_of(path), None
    try:
        case = read_case(path)
    except NoDataYet as empty:
        return empty.scheme.model_copy(update={"units": empty.units}), None
    return case.scheme, case.table


@app.command()
def draw(
    source: Annotated[
        str,
        typer.Argument(
            help="案例，或考核对象名单（.csv 或 .txt） Case, or a list of units (.csv or .txt)"
        ),
    ],
    places: Annotated[
        int | None, typer.Option("--places", help="抽取家数 How many are drawn")
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(
            "--seed",
            help="公开的种子；不写则只给出应先公布的名单哈希值 The public seed; without it only "
            "what is published before it is known",
        ),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="分层的列 Column of strata")] = None,
    least: Annotated[
        int | None, typer.Option("--least", help="每层至少几家 The least of each stratum")
    ] = None,
    check_: Annotated[
        Path | None, typer.Option("--check", help="核对这份抽取结果 Check this printed draw")
    ] = None,
    published: Annotated[
        str | None,
        typer.Option("--hash", help="事先公布的名单哈希值 The published hash of the list"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="写出抽中的考核对象（.csv）或名单（.txt） Write the units drawn (.csv) or the "
            "list (.txt)",
        ),
    ] = None,
    language: LanguageOption = None,
) -> None:
    """抽取实地核查对象，或核对抽取结果 Draw units for verification by a public seed, or check a
    draw."""
    from qtoolkit.runs import draws

    made = draws.asked(source, places, seed, by, least)
    spoken = language or made.language
    with _spoken(spoken):
        if check_ is not None:
            said = draws.checked(made, check_, published)
        else:
            said = draws.made(made, None if out is None else _unused(out), published, spoken)
        for text in said:
            for line in text.of(spoken).splitlines():
                _print(line)


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(help="改前的结果文件夹或数据文件 The earlier run folder or data file")
    ],
    after: Annotated[
        str, typer.Argument(help="改后的结果文件夹或数据文件 The later run folder or data file")
    ],
    case: Annotated[
        str | None,
        typer.Option(
            "--case",
            help="两个数据文件所用方案的案例，默认为改前文件旁的案例 The case whose scheme two "
            "data files are of; by default the one beside the earlier file",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="写出全部不同（.csv 或 .xlsx） Write all differences"),
    ] = None,
    language: LanguageOption = None,
) -> None:
    """比较两次测算结果，或同一方案的两份数据 Compare two runs, or two data files of one scheme:
    what differs, and what each change did."""
    from qtoolkit.runs import diffs

    target = None if out is None else _unused(out)
    found = diffs.diff(before, after, case)
    spoken = language or found.language
    with _spoken(spoken):
        if target is not None:
            diffs.write(found, target, spoken)
        for text in found.said():
            _print(text.of(spoken))
        if target is not None:
            _print(say(zh="已写出：{path}", en="written: {path}", path=target).of(spoken))


@app.command()
def schema(
    which: Annotated[str, typer.Argument(help="scheme 或 parameters")] = "scheme",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="写入的文件 File to write")
    ] = None,
) -> None:
    """输出供编辑器使用的 JSON Schema Print a JSON schema for editors."""
    from qtoolkit.inputs.parameters import Parameters
    from qtoolkit.inputs.scheme import Scheme

    models: dict[str, Any] = {"scheme": Scheme, "parameters": Parameters}
    if which not in models:
        raise InputError(say(zh="应为 scheme 或 parameters", en="expected scheme or parameters"))
    text = json.dumps(models[which].model_json_schema(), ensure_ascii=False, indent=2)
    if out is None:
        for line in text.splitlines():
            _print(line)
    else:
        out.write_text(text + "\n", encoding="utf-8")


def _settings(items: list[str] | None) -> dict[str, Any]:
    """key=value options; values are YAML scalars."""
    from qtoolkit.inputs.yamltext import parse_yaml

    settings: dict[str, Any] = {}
    for item in items or []:
        key, sign, value = item.partition("=")
        if not sign or not key:
            raise InputError(
                say(
                    zh="--set 应写成 参数=值，现为“{item}”",
                    en="--set takes key=value, found “{item}”",
                    item=item,
                )
            )
        settings[key.strip()] = parse_yaml(value, f"--set {key}").data
    return settings


class _Progress:
    """A bar on the terminal; nothing where the output is no terminal."""

    def __init__(self, language: str):
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self.language = language
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        console = Console(stderr=True)
        self.bar = Progress(
            *columns, console=console, disable=not console.is_terminal, transient=True
        )

    def __enter__(self) -> _Progress:
        self.bar.start()
        self.task = self.bar.add_task(Text("正在运行", "running").of(self.language), total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def show(self, done: int, total: int, what: Text) -> None:
        self.bar.update(self.task, completed=done, total=total, description=what.of(self.language))


# those that turn the direction too
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def _print(text: str, error: bool = False) -> None:
    """Print a sentence whatever the terminal's encoding; what it cannot show is replaced, and
    control characters, as a file's name may hold, are spelled out.
    """
    text = _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    stream = sys.stderr if error else sys.stdout
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), file=stream)


def _language(arguments: list[str]) -> str | None:
    """The language that --language asks for; None without it."""
    for language in LANGUAGES:
        for i, argument in enumerate(arguments):
            follows = argument == "--language" and arguments[i + 1 : i + 2] == [language]
            if follows or argument == f"--language={language}":
                return language
    return None


def _teller(language: str) -> Callable[[Text], None]:
    """Notices go to stderr, so that what a command prints can be read by another program."""
    return lambda text: _print(text.of(language), error=True)


@contextmanager
def _spoken(language: str) -> Iterator[None]:
    """Errors inside are in the language of the case."""
    try:
        yield
    except (InputError, WorkError) as error:
        error.language = language
        raise


def main() -> None:
    """Entry point of the command `qtoolkit`: every end of it is an exit status and at most a few
    sentences."""
    language = _language(sys.argv[1:])
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, _interrupt)
    try:
        _command(language)
    except _Interrupted:
        text = Text(
            "已中断；目标处是此前的内容，或已完整写出的结果",
            "interrupted; the target holds what it held before, or the whole result",
        )
        _print(text.of(language or "zh"), error=True)
        sys.exit(130)


def _command(requested: str | None) -> None:
    """The command, and what it says where it fails; `requested` is the language of the options,
    None where they name none."""
    try:
        app()
    except InputError as error:
        language = requested or error.language or "zh"
        sentences = error.sentences(language)
        for sentence in sentences[:MOST_COMPLAINTS]:
            _print(sentence, error=True)
        if (rest := len(sentences) - MOST_COMPLAINTS) > 0:
            _print(
                say(zh="另有{rest}处同样需要改正", en="and {rest} more", rest=rest).of(language),
                error=True,
            )
        sys.exit(2)
    except WorkError as error:
        _print(error.text.of(requested or error.language or "zh"), error=True)
        sys.exit(1)
    except OSError as error:
        _print(_disk(error).of(requested or "zh"), error=True)
        sys.exit(1)
    except Exception as error:  # whatever else: one sentence, and the details in a file
        _print(_unforeseen(error).of(requested or "zh"), error=True)
        raise SystemExit(1) from None


class _Interrupted(BaseException):
    """Ctrl-C or SIGTERM: what is half done is cleaned up on the way out. Typer would end in silence
    on its own kind."""


def _interrupt(*_: object) -> None:
    raise _Interrupted


def _disk(error: OSError) -> Text:
    """What the system refused, in one sentence."""
    why = error.strerror or str(error)
    if error.filename is None:
        return say(
            zh="无法读写文件：{why}", en="a file could not be read or written: {why}", why=why
        )
    where = clip(error.filename, 200)
    return say(
        zh="无法读写文件：{where}（{why}）",
        en="a file could not be read or written: {where} ({why})",
        where=where,
        why=why,
    )


def _unforeseen(error: Exception) -> Text:
    """One sentence about a failure that nobody foresaw; the traceback is kept in a file."""
    details = "".join(traceback.format_exception(error))
    name: str | Text
    try:
        handle, name = tempfile.mkstemp(prefix="qtoolkit-", suffix=".txt", text=True)
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(details)
    except OSError:
        name = Text("无法写出", "could not be written")
    return say(
        zh="出现没有预料到的错误（{kind}），没有写出结果；详情见 {file}，请连同案例一起反馈",
        en="something failed that nobody foresaw ({kind}), and nothing was written; details are in "
        "{file}: please report it with the case",
        kind=type(error).__name__,
        file=name,
    )


if __name__ == "__main__":
    main()
