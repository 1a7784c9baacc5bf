"""The page of those who were not let in: why, what to do, and a field for the code of an invitation.

It needs no other file, as they may read none: its style stands in it, and the content policy names that by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import html

from starlette.responses import HTMLResponse

__all__ = ["door_page"]

_STYLE = """
:root{color-scheme:dark light;--paper:#12141a;--raised:#1a1d25;--line:#737a8a;--ink:#eef0f4;--soft:#a9b0be;
--you:#2dd4a7;--on:#06231b;--bad:#ff7d73;--focus:#7cc4ff}
@media (prefers-color-scheme:light){:root{--paper:#f6f5f2;--raised:#fff;--line:#85827a;--ink:#1b1d22;--soft:#565b66;
--you:#00684e;--on:#fff;--bad:#b8281c;--focus:#005fcc}}
*{box-sizing:border-box;margin:0}
html{background:var(--paper);color:var(--ink);font:16px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,
sans-serif}
body{min-height:100dvh;display:grid;place-content:center;padding:20px}
main{width:min(26rem,100vw - 40px);display:grid;gap:16px;padding:28px;border-radius:12px;background:var(--raised)}
h1{font-size:1.4rem;line-height:1.25}
p{overflow-wrap:anywhere}
form{display:grid;gap:8px}
input{font:600 1.7rem/1.2 ui-monospace,"SF Mono",Consolas,monospace;letter-spacing:.25em;text-transform:uppercase;
text-align:center;width:100%;padding:12px;border:1px solid var(--line);border-radius:8px;background:var(--paper);
color:inherit}
button{font:inherit;font-weight:600;min-height:48px;border:0;border-radius:8px;background:var(--you);color:var(--on);
cursor:pointer}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.wrong{color:var(--bad);font-weight:600}
.soft{color:var(--soft);font-size:.92rem}
"""

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_FIELD = (
    '<form method="get" action="/"><label for="join">Code</label>'
    '<input id="join" name="join" required maxlength="20" autocomplete="off" autocapitalize="characters" '
    'spellcheck="false" autofocus{described}><button>Join</button></form>'
)


def door_page(sentence: str, advice: str, status: int, *, asks: bool = False, typed: bool = False) -> HTMLResponse:
    """A page that says why nothing else is shown.

    Args:
        sentence: what is so.
        advice: what to do.
        status: of the answer.
        asks: it has a field for a code.
        typed: the sentence is about a code that was typed.
    """
    said, advised = html.escape(sentence), html.escape(advice)
    if typed:
        body = (
            f'<h1>Join</h1>{_FIELD.format(described=_DESCRIBED)}<p class="wrong" id="wrong" role="alert">{said}</p>'
            f"<p>{advised}.</p>"
        )
    elif asks:
        body = (
            f"<h1>Join</h1><p>Type the code that you were given.</p>{_FIELD.format(described='')}"
            f'<p class="soft">Without a code: {said[0].lower()}{said[1:]} {advised}.</p>'
        )
    else:
        body = f"<h1>{said}</h1><p>{advised}</p>"
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>IMPSY</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    return HTMLResponse(text, status, {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY})


_DESCRIBED = ' aria-describedby="wrong" aria-invalid="true"'
