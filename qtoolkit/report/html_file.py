"""The memo as one HTML file that needs no network and no font of the machine."""

from __future__ import annotations

import base64
import html
import tempfile
from pathlib import Path

from qtoolkit.report import fonts, pandoc

_PAGE = """<!DOCTYPE html>
<html lang="$lang$">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$pagetitle$</title>
<style>
@font-face { font-family: "Memo"; src: url(data:font/woff2;base64,@FONT@) format("woff2"); }
@page { size: A4; margin: 25mm 24mm 22mm; }
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 16px/1.75 Memo, "Noto Sans SC", "Microsoft YaHei", sans-serif; color: #1a1a1a; background: #eceef0;
  margin: 0; print-color-adjust: exact; -webkit-print-color-adjust: exact; overflow-wrap: anywhere; }
main { max-width: 54rem; margin: 2rem auto; padding: 3.5rem 4.5rem; background: #fff; box-shadow: 0 0 10px #0002; }
h1 { font-size: 1.7rem; line-height: 1.4; text-align: center; text-wrap: balance; margin: 0 0 1.6rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .7rem; }
h2.summary { text-align: center; letter-spacing: .1em; margin-top: 0; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .5rem; }
h1, h2, h3 { break-after: avoid; }
p { margin: .5rem 0; text-align: justify; }
:lang(zh) > main > p, .cover > p, .annex > p { text-indent: 2em; }
:lang(en) p { text-indent: 0 !important; hyphens: auto; }
ul { margin: .5rem 0; padding-left: 2.6em; }
.note p { font-size: .84rem; color: #444; text-indent: 0; line-height: 1.6; margin: .3rem 0; }
.footing { border-top: 1px solid #333; margin-top: 2rem; padding-top: .4rem; }
.footing p { font-size: .84rem; line-height: 1.6; margin: 0; text-indent: 0; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0 1.4rem; font-size: .84rem; line-height: 1.45;
  border-top: 1.5px solid #222; border-bottom: 1.5px solid #222; font-variant-numeric: tabular-nums; table-layout: fixed; }
table.dense { font-size: .7rem; }
caption { caption-side: top; padding: .4rem 0; font-size: .92rem; font-weight: bold; break-after: avoid; }
th { border-bottom: 1px solid #222; vertical-align: bottom; background: #f2f4f6; }
th, td { padding: .22rem .35rem; hyphens: auto; }
td { border-bottom: 1px solid #e2e4e6; vertical-align: top; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
figure { margin: 1rem 0 1.4rem; text-align: center; break-inside: avoid; }
img { max-width: 100%; height: auto; }
figcaption { font-size: .92rem; font-weight: bold; margin-top: .3rem; }
@media (max-width: 48rem) { main { padding: 1.2rem; margin: 0; } table { display: block; overflow-x: auto; } }
@media print {
  body { font-size: 11pt; background: #fff; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; }
  .cover { break-after: page; min-height: 222mm; display: flex; flex-direction: column; }
  .footing { margin-top: auto; }
  .annex { break-before: page; }
}
</style>
</head>
<body>
<main>
$body$
</main>
</body>
</html>
"""


def write(body: str, title: str, language: str) -> bytes:
    """The HTML file's bytes."""
    tag = "zh-CN" if language == "zh" else "en"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.html").write_text(_PAGE, encoding="utf-8")
        options = ["-f", "html-auto_identifiers", "-t", "html5", "-s", "--wrap=none", "--template=page.html"]
        named = [f"--metadata=pagetitle:{title}", f"--metadata=lang:{tag}"]
        page = pandoc.run(*options, *named, given=body, folder=Path(folder)).decode()
    font = base64.b64encode(fonts.subset(html.unescape(body) + title)).decode()
    return page.replace("@FONT@", font, 1).encode()
