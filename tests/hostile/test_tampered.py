"""Run folders that somebody changed: each change is found, and none counts as the finished run."""

import json
import os
import shutil
import sys
from types import SimpleNamespace

import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.language import LANGUAGES
from qtoolkit.runs import cli, folder
from tests.runs.here import notebooks_here
from tests.runs.tiny import write_project

KINDS = 37


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def manifest(out, change, sealed=False):
    data = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    change(data)
    if sealed:
        data["seal"] = folder.seal(data)
    (out / "manifest.json").write_text(json.dumps(data), encoding="utf-8")


def with_its_entry(out, name):
    """A forger who knows the format: the file, its entry and the seal agree."""
    edit(out / name, "0.9", "0.8")
    sha = folder.sha256((out / name).read_bytes())
    manifest(out, lambda m: m["files"].update({name: sha}), sealed=True)


def with_seal(out, name, change):
    """A forger who knows the format: the bytes of a file, its entry and the seal agree."""
    path = out / name
    path.write_bytes(change(path.read_bytes()))
    sha = folder.sha256(path.read_bytes())
    manifest(out, lambda m: m["files"].update({name: sha}), sealed=True)


def linked(path):
    """A link to an outside copy of the same bytes."""
    outside = path.parent.parent / "outside.copy"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


def replaced(path, make):
    path.unlink()
    make(path)


def nested(out):
    """1,500 folders in one another, made without a path of full length."""
    here = os.getcwd()
    os.chdir(out)
    for _ in range(1_500):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)


def remove(path):
    """Also where a reader that calls itself for each level would stop."""
    while (path / "d" / "d").is_dir():
        os.rename(path / "d" / "d", path / "e")
        os.rmdir(path / "d")
        os.rename(path / "e", path / "d")
    shutil.rmtree(path)


CHANGES = {
    "memo.html": lambda out: edit(out / "memo.html", "92", "93"),
    "tables/scores.csv": lambda out: edit(out / "tables" / "scores.csv", "92.0", "95.0"),
    "case/data.csv": lambda out: edit(out / "case" / "data.csv", "0.9", "0.8"),
    "notebooks/show.ipynb": lambda out: edit(out / "notebooks" / "show.ipynb", "show", "shew"),
    "tables.xlsx": lambda out: (out / "tables.xlsx").unlink(),
    "case/scheme.yaml": lambda out: (out / "case" / "scheme.yaml").write_bytes(b""),
    "new.txt": lambda out: (out / "new.txt").write_text("added"),
    "figures": lambda out: shutil.rmtree(out / "tables"),
    "manifest.json: seed": lambda out: manifest(out, lambda m: m["parameters"].update(seed=7)),
    "manifest.json: input": lambda out: manifest(
        out, lambda m: m["inputs"]["data"].update(sha256="0" * 64)
    ),
    "manifest.json: attested": lambda out: manifest(out, lambda m: m.update(attested=[])),
    "manifest.json: created": lambda out: manifest(out, lambda m: m.update(created="2000-01-01")),
    "manifest.json: moved": lambda out: manifest(out, lambda m: m.update(moved={"data": "x.csv"})),
    "manifest.json: more": lambda out: manifest(out, lambda m: m.update(remark="checked")),
    "manifest.json: no seal": lambda out: manifest(out, lambda m: m.pop("seal")),
    "case/data.csv: and its entry": lambda out: with_its_entry(out, "case/data.csv"),
    "case/params.yaml: and its entry": lambda out: with_seal(
        out, "case/params.yaml", lambda text: text.replace(b"band: 0.1", b"band: 0.2")
    ),
    "case/params.yaml: no YAML": lambda out: with_seal(
        out, "case/params.yaml", lambda text: b"a: ["
    ),
    "case/params.yaml: not listed": lambda out: (
        (out / "case" / "params.yaml").unlink(),
        manifest(out, lambda m: m["files"].pop("case/params.yaml"), sealed=True),
    ),
    "pipe": lambda out: os.mkfifo(out / "pipe"),
    "hollow": lambda out: (out / "hollow").mkdir(),
    "nowhere": lambda out: (out / "nowhere").symlink_to("is/nowhere"),
    "elsewhere": lambda out: (out / "elsewhere").symlink_to("/"),
    "tables.xlsx: outside": lambda out: linked(out / "tables.xlsx"),
    "memo.html: device": lambda out: replaced(
        out / "memo.html", lambda p: p.symlink_to("/dev/zero")
    ),
    "memo.html: pipe": lambda out: replaced(out / "memo.html", os.mkfifo),
    "memo.html: sparse": lambda out: os.truncate(out / "memo.html", 2**42),
    "d/d/d": nested,
}
if not hasattr(os, "mkfifo"):
    CHANGES |= dict.fromkeys(
        ("pipe", "memo.html: pipe"), lambda out: edit(out / "memo.html", "92", "93")
    )
BROKEN = {
    "kind alone": lambda m: [m.pop(key) for key in list(m) if key != "kind"],
    "files is a list": lambda m: m.update(files=[]),
    "hash is a number": lambda m: m.update(hash=1),
    "attested is a number": lambda m: m.update(attested=5),
    "attested is null": lambda m: m.update(attested=None),
    "attested holds lists": lambda m: m.update(attested=[[1]]),
    "half a character": lambda m: m.update(case="\ud800"),
    "inputs is a list": lambda m: m.update(inputs=[1]),
    "an input without a name": lambda m: m["inputs"]["data"].pop("name"),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run, of which each test changes a copy."""
    root = tmp_path_factory.mktemp("project")
    write_project(root)
    books = root / "notebooks"
    with notebooks_here():
        return qt.run(
            root / "params" / "tiny", root / "out", formats=["html"], notebook_folder=books
        )


@pytest.fixture
def done(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


def verified(out, capsys, monkeypatch, language="zh"):
    """`qtoolkit verify`: exit status, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", ["qtoolkit", "verify", str(out), "--language", language])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = stop.code or 0
    said, err = capsys.readouterr()
    return SimpleNamespace(code=code, out=said, err=err)


def test_every_change_is_found_and_none_counts_as_done(done, capsys, monkeypatch, tmp_path):
    assert len(CHANGES) + len(BROKEN) == KINDS
    whole = verified(done, capsys, monkeypatch)
    count = len(json.loads((done / "manifest.json").read_text(encoding="utf-8"))["files"])
    assert whole.code == 0 and f"{count}个文件均与清单一致" in whole.out
    hash = folder.read_manifest(done)["hash"]
    for name, change in CHANGES.items():
        copy = tmp_path / "changed"
        shutil.copytree(done, copy)
        change(copy)
        for language in LANGUAGES:
            found = verified(copy, capsys, monkeypatch, language)
            assert found.code == 1 and "Traceback" not in found.err, name
            place = "tables/" if name == "figures" else name.split(":")[0]
            assert place in found.err, (name, found.err)
        assert not folder.is_done(copy, hash), name
        with pytest.raises(InputError):
            folder.check_target(copy)
        remove(copy)
    for name, change in BROKEN.items():
        copy = tmp_path / "changed"
        shutil.copytree(done, copy)
        manifest(copy, change)
        found = verified(copy, capsys, monkeypatch)
        assert found.code == 2 and "manifest.json" in found.err, name
        assert not folder.is_done(copy, hash)
        shutil.rmtree(copy)


def test_a_tampered_memo_is_not_taken_for_the_result(finished, done):
    project = finished.parent
    again = {"formats": ["html"], "notebook_folder": project / "notebooks"}
    assert qt.run(project / "params" / "tiny", done, **again) == done  # untouched, it is the result
    edit(done / "memo.html", "92", "93")
    with pytest.raises(InputError) as caught:
        qt.run(project / "params" / "tiny", done, **again)
    assert (
        "memo.html" in caught.value.sentences("zh")[0] and "-o" in caught.value.sentences("en")[0]
    )


@pytest.mark.parametrize(
    "names", [["../../outside.txt"], ["/etc/hostname"], ["a/../../outside.txt"], ["\0", "x" * 300]]
)
def test_names_in_a_manifest_open_nothing_outside(done, names, tmp_path):
    (tmp_path / "outside.txt").write_text("x")
    listed = {name: folder.sha256(b"x") for name in names}
    manifest(done, lambda m: m["files"].update(listed), sealed=True)
    found = folder.differences(done)
    assert [text.en.rsplit(": ", 1)[1] for text in found] == ["the file is missing"] * len(names)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()]
)
def test_a_manifest_that_is_no_file_is_not_opened(done, make):
    hash = folder.read_manifest(done)["hash"]
    replaced(done / "manifest.json", make)
    assert folder.differences(done) is None and not folder.is_done(done, hash)
    with pytest.raises(InputError, match="no run folder"):
        folder.check_target(done)


def test_more_names_than_a_run_writes_are_one_sentence(done, monkeypatch):
    monkeypatch.setattr(folder, "MOST_FILES", 40)
    for number in range(60):
        (done / f"{number:03}").write_text("x")
    assert any("more than 40 files" in text.en for text in folder.differences(done))


@pytest.mark.parametrize("name", ["lstat", "read"])
def test_without_rights_it_is_not_said_to_be_no_run_folder(done, monkeypatch, capsys, name):
    """Rights are refused by the call itself: a test that runs as root is refused nothing."""

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(done), "lstat" if name == "lstat" else "open", refuse)
    for language, words in (("zh", "无法读取"), ("en", "read")):
        found = verified(done, capsys, monkeypatch, language)
        assert found.code == 2 and words in found.err
        assert ("权限" if language == "zh" else "permission") in found.err
        assert "no run folder" not in found.err and "不是测算结果文件夹" not in found.err


def test_a_file_that_cannot_be_read_is_a_difference(done, monkeypatch):
    plain = os.open

    def refuse(path, *arguments, **options):
        if str(path).endswith("memo.html"):
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path, *arguments, **options)

    monkeypatch.setattr(folder.os, "open", refuse)
    found = folder.differences(done)
    assert [text.en for text in found] == ["memo.html: it cannot be read (no permission)"]


@pytest.mark.parametrize("old", ['"kind"', '"inputs"', '"sha256"'])
def test_a_manifest_that_says_a_thing_twice_is_none(done, old):
    """Who reads the file sees the one, a program the other."""
    edit(done / "manifest.json", old, f'{old}: "0", {old}')
    assert folder.read_manifest(done) is None
