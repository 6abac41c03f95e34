"""What the tests of hostile files share: workbooks made by hand, and reading in a process with
little memory."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2]
# bytes of address space beyond what the interpreter with its libraries takes
MEMORY = 1_000_000_000
SECONDS = 10

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
ROOT = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r" Type="{R}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
SOUND = (
    '<row r="1"><c r="A1" t="str"><v>unit</v></c><c r="B1" t="str"><v>a</v></c></row><row '
    'r="2"><c r="A2" t="str"><v>甲</v></c><c r="B2"><v>1</v></c></row>'
)


def sheet(rows: str, before: str = "", doctype: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<worksheet '
        f"{SPACE}>{before}<sheetData>{rows}</sheetData></worksheet>"
    )


def parts_of(*sheets: str, strings: str | None = None) -> dict[str, str]:
    """The parts of a workbook with these sheets."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{R}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    if strings is not None:
        relations += f'<Relationship Id="s" Type="{R}/sharedStrings" Target="sharedStrings.xml"/>'
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": ROOT,
        "xl/workbook.xml": f'<workbook {SPACE} xmlns:r="{R}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships "
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{relations}</Relationships>",
    }
    parts |= {f"xl/worksheets/sheet{n}.xml": text for n, text in zip(numbers, sheets, strict=True)}
    return (
        parts
        if strings is None
        else parts | {"xl/sharedStrings.xml": f"<sst {SPACE}>{strings}</sst>"}
    )


def zipped(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def workbook(*sheets: str, strings: str | None = None) -> bytes:
    return zipped(parts_of(*sheets, strings=strings))


def _time_of_children(resource) -> float:
    """Seconds of processor time of processes that have ended: the machine may be busy with
    others."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


READ = """\
import resource, sys
from pathlib import Path
from types import SimpleNamespace
import numpy, scipy.stats, pandas, python_calamine
from qtoolkit.errors import InputError
from qtoolkit.inputs import case, files, table, tablereader, yamltext
from qtoolkit.workbooks import schemebook
from qtoolkit.runs.plan import plan
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + {memory},) * 2)
sys.stdout.reconfigure(encoding="utf-8")
for name in sys.argv[2:]:
    try:
        found = eval(sys.argv[1], {{**globals(), "path": Path(name)}})
        print("read", len(getattr(found, "rows", ())), flush=True)
    except InputError as error:
        zh, en = error.sentences("zh"), error.sentences("en")
        assert len(zh) == len(en) > 0
        print(len(en), en[0], flush=True)
"""


def read_in_little_memory(call: str, *paths: Path) -> list[str]:
    """What `call` on each `path` says, in one process of its own that has MEMORY; each within
    SECONDS of its own time.

    The answer is "read <rows>", or the number of complaints and the first one in English.
    """
    resource = pytest.importorskip("resource")  # not on Windows
    if not Path("/proc/self/statm").exists():
        pytest.skip("no /proc to tell how much memory the interpreter takes")
    environment = os.environ | {"PYTHONPATH": str(PACKAGE), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", READ.format(memory=MEMORY), call, *map(str, paths)]
    before = _time_of_children(resource)
    done = subprocess.run(
        command,
        capture_output=True,
        env=environment,
        timeout=10 * SECONDS * len(paths),
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    assert _time_of_children(resource) - before < SECONDS * (len(paths) + 1)
    return done.stdout.decode("utf-8").splitlines()
