"""A scheme saved under a new name: whole or not at all, and nothing is overwritten."""

import errno
import json
import os
import threading
from pathlib import Path

import pytest

from qtoolkit import filing
from qtoolkit.errors import InputError, WorkError
from qtoolkit.inputs.case import scheme_of
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.scheme import read_scheme
from qtoolkit.workbooks.saving import save
from qtoolkit.workbooks.template import write_template
from tests.inputs.helpers import YAML, changed

CHANGES = {"points.level": 5.5, "cutoffs.A": 91.5, "grades.A.quota": None, "grades.C.quota": 12}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "scheme.yaml"
    path.write_bytes(("# 本方案\n" + YAML).encode("utf-8"))
    return path


def alike(one, other):
    """The same scores whatever the data: points, cutoffs, quotas, rules and what they are for."""
    assert [leaf.points for leaf in one.leaves] == [leaf.points for leaf in other.leaves]
    assert [leaf.rule for leaf in one.leaves] == [leaf.rule for leaf in other.leaves]
    assert one.grades == other.grades
    for a, b in zip(one.leaves, other.leaves, strict=True):
        assert a.written_for == b.written_for or (a.scales and not a.leaf_rule.in_points)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("to", [".yaml", ".yml", ".json", ".xlsx", ".XLSX"])
@pytest.mark.parametrize("kind", [".yaml", ".json", ".xlsx"])
def test_from_any_kind_to_any(source, tmp_path, kind, to, language):
    first, target = tmp_path / f"first{kind}", tmp_path / f"new{to}"
    old = read_scheme(source)
    if kind == ".xlsx":
        write_template(old, first)
    else:
        save(old, source, first)
    scheme = change(scheme_of(first), CHANGES)
    save(scheme, first, target, language)
    alike(scheme_of(target), scheme)
    if to == ".json":
        assert json.loads(target.read_text("utf-8"))["grades"][0]["cutoff"] == 91.5
    if (kind, to) == (".yaml", ".yaml"):
        text = target.read_bytes().decode("utf-8")
        assert text.startswith("# 本方案\n")
        assert len(text.splitlines()) == len(source.read_text("utf-8").splitlines())
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        {"scheme.yaml", first.name, target.name}
    )


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("gb18030", b"")]
)
def test_the_encoding_stays(source, tmp_path, encoding, mark):
    text = source.read_text("utf-8")
    source.write_bytes(mark + text.replace("\n", "\r\n").encode(encoding))
    save(change(read_scheme(source), {"cutoffs.A": 91}), source, tmp_path / "new.yaml")
    wanted = changed(text, ("cutoff: 90", "cutoff: 91")).replace("\n", "\r\n")
    assert (tmp_path / "new.yaml").read_bytes() == mark + wanted.encode(encoding)


def one_sentence(kind, *arguments):
    with pytest.raises(kind) as caught:
        save(*arguments)
    for language in ("zh", "en"):
        said = (
            caught.value.text.of(language)
            if kind is WorkError
            else "\n".join(caught.value.sentences(language))
        )
        assert said and len(said.splitlines()) == 1 and "Traceback" not in said
    return said


@pytest.mark.parametrize("to", [".yaml", ".xlsx"])
def test_what_is_there_stays(source, tmp_path, to):
    scheme = read_scheme(source)
    file, folder, link = (tmp_path / f"{name}{to}" for name in ("file", "folder", "link"))
    file.write_text("mine")
    folder.mkdir()
    link.symlink_to(tmp_path / "nowhere")
    for target in (file, folder, link):
        assert "another name" in one_sentence(InputError, scheme, source, target)
    assert file.read_text() == "mine" and link.is_symlink() and not any(folder.iterdir())
    assert "another name" in one_sentence(InputError, scheme, source, source)
    assert not list(tmp_path.glob(".qtoolkit-*"))


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("nowhere/new.yaml", "no folder"),
        ("scheme.yaml/new.yaml", "no folder"),
        ("new.txt", ".yaml"),
        ("new", ".yaml"),
        ("new.xlsm", ".xlsx"),
    ],
)
def test_places_that_cannot_be(source, tmp_path, target, word):
    before = sorted(tmp_path.rglob("*"))
    assert word in one_sentence(InputError, read_scheme(source), source, tmp_path / target)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["a\0b.yaml", "n" * 300 + ".yaml", "a\0b.xlsx", "n" * 300 + ".xlsx"]
)
def test_names_that_no_system_takes(source, tmp_path, name):
    before = sorted(tmp_path.rglob("*"))
    one_sentence(WorkError, read_scheme(source), source, tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("to", [".yaml", ".xlsx"])
def test_a_disk_that_is_full_or_closed(source, tmp_path, monkeypatch, to):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(filing.tempfile, "mkstemp", full)
    said = one_sentence(WorkError, read_scheme(source), source, tmp_path / f"new{to}")
    assert "No space left" in said and not (tmp_path / f"new{to}").exists()


def test_a_source_that_is_another_scheme_by_now(source, tmp_path):
    scheme = change(read_scheme(source), CHANGES)
    source.write_text(changed(YAML, ("rate: 0.5", "rate: 0.75")), encoding="utf-8")
    assert "indicators" in one_sentence(WorkError, scheme, source, tmp_path / "new.yaml")
    assert not (tmp_path / "new.yaml").exists()
    source.unlink()
    one_sentence(InputError, scheme, source, tmp_path / "new.yaml")


@pytest.mark.parametrize("links", [True, False])
def test_of_many_that_write_one_name_one_wins(tmp_path, monkeypatch, links):
    """Each file is whole; also where the file system has no links."""
    if not links:

        def none(*_, **__):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", none)
    target, won = Path(tmp_path / "new.yaml"), []

    def write(letter):
        try:
            filing.write_new(target, letter * 100_000)
            won.append(letter)
        except FileExistsError as error:
            assert error.filename == str(target)

    threads = [threading.Thread(target=write, args=(bytes([65 + i]),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and target.read_bytes() == won[0] * 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["new.yaml"]
