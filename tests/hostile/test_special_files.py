"""What is no regular file, and text that is no text: refused with the reason, at once."""

import os
import socket
import threading
from pathlib import Path

import pytest

from qtoolkit.errors import InputError
from qtoolkit.inputs.case import read_case
from qtoolkit.inputs.encodings import looks_like_big5
from qtoolkit.inputs.files import read_bytes, read_rows, read_text
from qtoolkit.inputs.scheme import read_scheme
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.workbooks.schemebook import read_scheme_book
from tests.inputs.helpers import YAML, names, refused, scheme_of

PARAMS = Path(__file__).resolve().parents[2] / "params"
posix = pytest.mark.skipif(
    os.name != "posix", reason="there are no pipes and devices in the file system"
)
SECONDS = 10


def in_time(call, *arguments):
    """The sentences of the call's InputError; a call that hangs fails the test and is left
    behind."""
    said = []

    def run():
        said.append(refused(call, *arguments))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert said, "hangs, or is not refused"
    return said[0]


@posix
def test_pipes_devices_sockets_folders_and_dangling_links(tmp_path):
    """Six kinds, as a CSV, a workbook and a scheme."""
    for suffix, reader in (
        (".csv", read_rows),
        (".xlsx", read_rows),
        (".yaml", read_scheme),
        (".xlsx", read_scheme_book),
    ):
        for kind, zh, en in [
            ("pipe", "管道", "a pipe"),
            ("zero", "设备", "a device"),
            ("socket", "套接字", "a socket"),
            ("folder", "文件夹", "a folder"),
            ("dangling", "链接", "a link"),
            ("loop", "读取出错", "cannot read"),
        ]:
            path = tmp_path / f"{kind}{suffix}"
            if not os.path.lexists(path):
                make(kind, path)
            found = in_time(reader, path)
            assert (
                len(found[0]) == 1
                and zh in found[0][0]
                and en in found[1][0]
                and path.name in found[1][0]
            )


def make(kind, path):
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "zero":
            path.symlink_to("/dev/zero")
        case "socket":
            here = os.getcwd()
            os.chdir(path.parent)  # the name of a socket may have 107 characters
            try:
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind(path.name)
            finally:
                os.chdir(here)
        case "folder":
            path.mkdir()
        case "dangling":
            path.symlink_to(path.parent / "nowhere")
        case "loop":
            path.symlink_to(path)


@posix
def test_a_case_whose_parameters_are_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "params.yaml")
    assert "a pipe" in in_time(read_case, tmp_path)[1][0]


@posix
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_a_file_that_says_it_is_empty_is_read():
    """Files of /proc have the size 0 and content."""
    assert b"Name:" in read_bytes(Path("/proc/self/status"))


@pytest.mark.parametrize(
    "name",
    [
        "x" * 250 + ".csv",
        "字" * 250 + ".csv",
        "x" * 5000 + ".csv",
        "\0.csv",
        "a\0b/c.csv",
        "\ud800.csv",
    ],
)
def test_names_that_no_file_can_have(tmp_path, name):
    """Six names, read as a file, and as what a case names."""
    for call, argument in (
        (read_bytes, tmp_path / name),
        (read_rows, tmp_path / name),
        (read_case, tmp_path / name),
    ):
        found = refused(call, argument)
        assert len(found[0]) == 1 and found[1][0].encode()
        assert call is read_case or len(found[1][0]) < 600


BIG5 = {
    "counties": "縣市,品牌,抽查,備註\n臺北市,12,0.98,達到目標\n桃園縣,9,0.95,尚需改進\n彰化縣,7,"
    "0.91,資料齊全\n",
    "names alone": "unit,a\n臺北市,1\n新竹縣,2\n高雄市,3\n",
    "prose": "為貫徹落實質量強省戰略，進一步完善質量工作考核辦法，現將有關事項通知如下："
    "各縣市政府應當加強組織領導，落實工作責任，確保完成年度目標任務。\n",
    "with signs": "項目、說明；（一）質量管理體系認證數量…「有效」\n臺灣,１２\n",
    "a scheme": "id: s\nname: 品質考核方案\nindicators:\n  - {id: a, name: 產品品質抽查合格率, "
    "points: 60}\n",
}


@pytest.mark.parametrize("text", BIG5.values(), ids=BIG5)
def test_big5_is_not_read_as_gb18030(tmp_path, text):
    """Five texts in traditional characters; the same in GB18030 and UTF-8 are read."""
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode("big5"))
    names(refused(read_text, path), "data.csv", "Big5", "UTF-8", "GB18030")
    for encoding in ("gb18030", "utf-8"):
        path.write_bytes(text.encode(encoding))
        assert read_text(path) == text


def test_big5_would_be_read_as_gb18030_by_the_decoder_alone():
    """That the check is needed: most of the texts are valid GB18030 of other characters."""
    assert sum(decodes(text.encode("big5")) for text in BIG5.values()) >= 3


def decodes(data):
    try:
        return data.decode("gb18030") is not None
    except UnicodeDecodeError:
        return False


def test_no_shipped_text_looks_like_big5(tmp_path):
    """Every CSV, YAML and page of the shipped cases in GB18030, whole and line by line: more than a
    thousand texts."""
    paths = [p for p in PARAMS.rglob("*") if p.suffix in (".csv", ".yaml", ".md")]
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(paths) > 8 and len(lines) > 1000
    for text in (*lines, *(path.read_text(encoding="utf-8") for path in paths)):
        assert not looks_like_big5(text.encode("gb18030")), text[:80]


@pytest.mark.parametrize(
    "text",
    [
        "亳州市,1\n濮阳市,2\n漯河市,3\n泸州市,4\n",
        "─────────┬────\n单位,㎡\n",
        "№,℃,㎡,①②③\n",
        "αβγ,ЖЩ,かな,カナ\n",
        "镕,喆,堃,淼,昇\n",
        "臺北市,縣,質量\n",
        "—— …… “引用” 《标题》\n",
        "𠮷野家\n",
    ],
)
def test_rare_signs_in_gb18030_do_not_look_like_big5(tmp_path, text):
    """Eight texts: places written with rare characters, box drawings, units, other scripts, names,
    traditional characters."""
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode("gb18030"))
    assert read_text(path) == text


@pytest.mark.parametrize("sign", ["\0", "\x01", "\x08", "\x0b", "\x1b", "\x1f", "\ufffe", "\uffff"])
def test_characters_that_no_memo_can_hold(tmp_path, sign):
    """Eight, in a CSV, in YAML as they are and as an escape: named by their row."""
    path = tmp_path / "data.csv"
    path.write_bytes(f"unit,a\n甲{sign},1\n".encode())
    found = refused(read_rows, path)
    assert "data.csv" in found[1][0] and (sign == "\0" or "row 2" in found[1][0])
    with pytest.raises(InputError):
        scheme_of(tmp_path, YAML.replace("name: 安全", f"name: 安{sign}全"))
    escaped = f'name: "安\\u{ord(sign):04x}全"'
    found = refused(parse_yaml, f"a: 1\n{escaped}\n", "x.yaml")
    names(found, "x.yaml", "#2")


def test_half_a_character():
    """Surrogates in YAML: written as an escape, alone or as a pair."""
    for text in ('a: "\\ud800"', 'a: "\\udc00x"', '"\\udfff": 1'):
        names(refused(parse_yaml, text, "x.yaml"), "x.yaml", "#1")
