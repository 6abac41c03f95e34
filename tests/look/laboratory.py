"""A JupyterLab of one's own, as `qtoolkit lab` starts it, with nobody's settings."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import qtoolkit as qt
from tests.look.reading import CHROMIUM
from tests.look.test_rendered import FLAGS, free_port, wait_for, wait_for_kernel

RUN = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.innerText.trim())"
# JupyterLab draws what a kernel sends as an error as either of these
ERRORS = ", ".join(
    f"[data-mime-type='application/vnd.jupyter.{kind}']" for kind in ("error", "stderr")
)


@contextmanager
def laboratory(root, case, language, **settings):
    """A port at which JupyterLab is open on a case's notebooks, and their folder. `settings`: of
    plugins of JupyterLab, by file."""
    here, config, place = (root / name for name in ("here", "config", "settings"))
    port = free_port()
    server = {"ServerApp": {"allow_root": True, "port": port}, "IdentityProvider": {"token": "t"}}
    for folder in (here, config):
        folder.mkdir(parents=True)
    (config / "jupyter_server_config.json").write_text(json.dumps(server))
    # all cells stand in the page, not only those in view
    settings = {"notebook-extension/tracker": {"windowingMode": "none"}} | settings
    for name, values in settings.items():
        file = place / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    variables = {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(place),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "PYTHONPATH": str(Path(qt.__file__).parents[1]),
        "PYTHONUTF8": "1",
    }
    words = ["lab", str(case), "--language", language, "-o", "notebooks", "--no-browser"]
    command = [sys.executable, "-P", "-m", "qtoolkit.runs.cli", *words]
    quiet = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
    process = subprocess.Popen(command, cwd=here, env=os.environ | variables, **quiet)
    try:
        wait_for(port)
        yield port, here / "notebooks"
    finally:
        process.terminate()
        process.wait(60)


def opened(play, port, name, width=1300, height=1500):
    """The page of a notebook whose kernel is ready."""
    page = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(
        viewport={"width": width, "height": height}
    )
    address = f"http://127.0.0.1:{port}/lab/tree/{name}?token=t&reset"
    page.goto(address, timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    wait_for_kernel(port)
    page.wait_for_selector("[data-status='idle']", timeout=60_000)
    return page


def run_all(page, done):
    """Run all cells, and wait until `done`, a condition in JavaScript."""
    page.get_by_text("Run", exact=True).first.click(timeout=10_000)
    page.get_by_text("Run All Cells", exact=True).click(timeout=10_000)
    page.wait_for_function(done, timeout=120_000)
