"""Names of files."""

import pytest

from qtoolkit.filing import safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b", "a_b"),
        ("CON", "_CON"),
        ("x.", "x"),
        ("", "_"),
        ("得分", "得分"),
        ('<>:"|?*', "_______"),
    ],
)
def test_file_names_that_windows_accepts(name, safe):
    assert safe_name(name) == safe
