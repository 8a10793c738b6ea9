"""A report as one HTML page that needs nothing else: no script, nothing loaded; light or dark as the reader's screen.

The page's policy (CSP) allows its one style and nothing beside it. Cells and texts are escaped here; numpy is not
needed.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

COLOURS = 5
"""Models of colours of their own in pictures: classes m0 to m4."""
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#fff;--rule:#d0d7de;--band:#9ec5f4;--line:#0b57d0;
--bad:#b3261e;--good:#146c2e;--m0:#0b57d0;--m1:#b35900;--m2:#146c2e;--m3:#7a3e9d;--m4:#57606a}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--page:#0d1117;--rule:#30363d;--band:#1f4b86;
--line:#79b8ff;--bad:#ff8a80;--good:#7ee2a0;--m0:#79b8ff;--m1:#ffb86b;--m2:#7ee2a0;--m3:#d2a8ff;--m4:#9da7b3}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:62rem;margin:0 auto;
padding:1rem}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}h1,h2,p,td,th{overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}dt{color:var(--soft)}dd{margin:0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft)}
th,td{text-align:left;padding:.25rem .9rem .25rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
.bad{color:var(--bad)}.good{color:var(--good)}.beside{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start}
figure{margin:0;flex:1 1 26rem}figcaption,footer{color:var(--soft);font-size:.9rem}
svg{width:100%;height:auto}.looks{flex:1 1 26rem;max-height:24rem;overflow:auto}
.looks td{white-space:nowrap}code{font-size:.95em}
svg text{font-size:12px;fill:var(--soft)}.band{fill:var(--band);opacity:.6}
.middle{fill:none;stroke:var(--line);stroke-width:2}.zero{stroke:var(--ink)}
.margin{stroke:var(--bad);stroke-dasharray:5 4}.grid{stroke:var(--rule)}.heat{fill:var(--line);stroke:var(--rule)}
svg .count{fill:var(--ink)}.m0{fill:var(--m0)}.m1{fill:var(--m1)}.m2{fill:var(--m2)}.m3{fill:var(--m3)}
.m4{fill:var(--m4)}.l0,.l1,.l2,.l3,.l4{fill:none;stroke-width:1.5}.l0{stroke:var(--m0)}.l1{stroke:var(--m1)}
.l2{stroke:var(--m2)}.l3{stroke:var(--m3)}.l4{stroke:var(--m4)}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def page(title: str, body: Iterable[str]) -> str:
    """The page; `title` is text, `body` is HTML."""
    policy = f"default-src 'none'; style-src 'sha256-{_HASH}'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], marks: Sequence[str] = ()) -> str:
    """A table of texts; the mark of a row is the class of its last cell."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' if head else "<td></td>" for head in heads)
    lines = []
    for number, row in enumerate(rows):
        mark = f' class="{marks[number]}"' if number < len(marks) and marks[number] else ""
        *cells, last = row
        lines.append(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td{mark}>{escape(last)}</td></tr>"
        )
    body = "".join(lines)
    return (
        f'<div class="wide" role="group" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values, all texts."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs) + "</dl>"


def pictured(picture: str, caption: str, beside: str) -> str:
    """A picture (SVG) with its caption (text), and a table beside it (HTML)."""
    return (
        f'<div class="beside"><figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>'
        f'<div class="looks">{beside}</div></div>'
    )
