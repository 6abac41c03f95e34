"""A kernel that works in a case's folder: `python -P -m qtoolkit.runs.kernel FOLDER -f CONNECTION`.

What lies there is data and not a setting of anybody: matplotlib, which would read a `matplotlibrc`
of its working directory, is imported before this process goes there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SECONDS = 0.3


def main() -> None:
    """Start the kernel."""
    from ipykernel import kernelapp

    os.chdir(Path(__file__).parent)
    import matplotlib  # noqa: F401

    os.chdir(sys.argv.pop(1))
    # of Run All, cells that arrive soon after an error do not run either
    sys.argv.append(f"--IPythonKernel.stop_on_error_timeout={SECONDS}")
    sys.argv.append("--InteractiveShellApp.extensions=qtoolkit.runs.interactive")
    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
