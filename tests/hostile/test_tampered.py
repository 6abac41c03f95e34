"""Run folders that somebody changed: each change is found, and none counts as the finished run."""

import json
import shutil
import sys
from types import SimpleNamespace

import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.language import LANGUAGES
from qtoolkit.runs import cli, folder
from tests.runs.test_run import write_project

KINDS = 14


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def manifest(out, change):
    data = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    change(data)
    (out / "manifest.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


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
    "manifest.json: input": lambda out: manifest(out, lambda m: m["inputs"]["data"].update(sha256="0" * 64)),
    "manifest.json: attested": lambda out: manifest(out, lambda m: m.update(attested=[])),
}
BROKEN = {
    "kind alone": lambda m: [m.pop(key) for key in list(m) if key != "kind"],
    "files is a list": lambda m: m.update(files=[]),
    "hash is a number": lambda m: m.update(hash=1),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run, of which each test changes a copy."""
    root = tmp_path_factory.mktemp("project")
    write_project(root)
    return qt.run(root / "params" / "tiny", root / "out", formats=["html"], notebook_folder=root / "notebooks")


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
        shutil.rmtree(copy)
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
    assert "memo.html" in caught.value.sentences("zh")[0] and "-o" in caught.value.sentences("en")[0]


@pytest.mark.parametrize("names", [["../../outside.txt"], ["/etc/hostname"], ["a/../../outside.txt"], ["\0", "x" * 300]])
def test_names_in_a_manifest_open_nothing_outside(done, names, tmp_path):
    (tmp_path / "outside.txt").write_text("x")
    manifest(done, lambda m: m["files"].update({name: folder.sha256(b"x") for name in names}))
    found = folder.differences(done)
    assert [text.en.rsplit(": ", 1)[1] for text in found] == ["the file is missing"] * len(names)
