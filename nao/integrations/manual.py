"""The page at `/docs`: every query of the service, described and ready to be tried.

Made from the OpenAPI schema. FastAPI's own page loads scripts from the network, which
a machine that serves may not have; this one has a style and a script of its own.
"""

import html
import importlib.resources
import json
import string
from collections.abc import Mapping, Sequence
from typing import Any

_PAGE = string.Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<title>$title</title><style>$style</style></head>
<body><main><h1>$title</h1><p>$description Requests and answers are JSON; the schema is
<a href="/openapi.json">openapi.json</a>.</p><nav>$links</nav>$queries</main>
<script>$script</script></body></html>
""")
_QUERY = string.Template("""<section id="$name"><h2><code>$method $path</code></h2>
<p>$summary</p><p class="answer">Answer: $answer</p>$fields
<form data-method="$method" data-path="$path">$body<button>Send</button>
<pre hidden></pre></form></section>
""")
_HEAD = "<th>field</th><th>type</th><th>default</th><th>meaning</th>"


def to_html(schema: Mapping[str, Any], examples: Sequence[str]) -> str:
    """Returns the page.

    Args:
        schema: The application's OpenAPI schema.
        examples: Architectures to try queries with, as text; at least one.
    """
    info, parts = schema["info"], schema["components"]["schemas"]
    queries = [
        (path, method, about)
        for path, methods in schema["paths"].items()
        for method, about in methods.items()
    ]
    links = (f'<a href="#{_id(path)}">{html.escape(path)}</a>' for path, *_ in queries)
    return _PAGE.substitute(
        title=html.escape(info["title"]),
        description=html.escape(info["description"]),
        links=" ".join(links),
        queries="".join(_query(*query, parts, examples) for query in queries),
        style=_text_of("manual.css"),
        script=_text_of("manual.js"),
    )


def _query(
    path: str,
    method: str,
    about: Mapping[str, Any],
    parts: Mapping[str, Any],
    examples: Sequence[str],
) -> str:
    """Returns the section about a query."""
    request = _request_of(about, parts)
    body = ""
    if request is not None:
        text = json.dumps(_example(request, examples), indent=2)
        rows = text.count("\n") + 2
        body = f'<textarea spellcheck="false" aria-label="request" rows="{rows}">'
        body += f"{html.escape(text)}</textarea>"
    return _QUERY.substitute(
        name=_id(path),
        method=method.upper(),
        path=html.escape(path),
        summary=html.escape(about["summary"]),
        answer=_with_code(about["description"]),
        fields="" if request is None else _fields(request, parts),
        body=body,
    )


def _request_of(about: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping | None:
    """Returns the schema of a query's request; None where it takes none."""
    if "requestBody" not in about:
        return None
    (content,) = about["requestBody"]["content"].values()
    return _resolved(content["schema"], parts)


def _resolved(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what a schema refers to, or the schema itself."""
    return parts[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _fields(request: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """Returns the table of a request's fields."""
    required = request.get("required", ())
    rows = []
    for name, field in request["properties"].items():
        default = "" if name in required else json.dumps(field.get("default"))
        cells = (name, _kind(field, parts), default, field.get("description", ""))
        rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{_HEAD}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _kind(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """Says in words what a value must be, and between what limits."""
    options = [o for o in schema.get("anyOf", [schema]) if o.get("type") != "null"]
    bare = [_bare_kind(option, parts) for option in options]
    limits = _limits(options[0]) if len(options) == 1 else ""
    return f"{' or '.join(bare)}{limits}{' or null' * (options != [schema])}"


def _bare_kind(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """Says in words of what type a value must be."""
    if "$ref" in schema:
        inner = _resolved(schema, parts)["properties"]
        return f"object of {', '.join(inner)}"
    if "anyOf" in schema:
        return " or ".join(_bare_kind(option, parts) for option in schema["anyOf"])
    kind = schema.get("type", "value")
    if kind == "array":
        inner = _bare_kind(schema["items"], parts)
        return f"list of ({inner})" if " or " in inner else f"list of {inner}"
    if kind == "object" and schema.get("additionalProperties"):
        return f"object of {_bare_kind(schema['additionalProperties'], parts)} by name"
    return "text" if kind == "string" else kind


def _limits(schema: Mapping[str, Any]) -> str:
    """Says between what a number, or the length of a list, must be."""
    of = "Items" if schema.get("type") == "array" else "imum"
    least, most = schema.get(f"min{of}"), schema.get(f"max{of}")
    if least is not None and most is not None:
        return f", {least:g} to {most:,.12g}"
    return f", at least {least:g}" if least is not None else ""


def _example(request: Mapping[str, Any], examples: Sequence[str]) -> dict[str, Any]:
    """Returns a request to begin with."""
    known = {
        "architectures": list(examples[:1]),
        "architecture": examples[0],
        "a": examples[0],
        "b": examples[-1],
        "points": 'put here what /encode returns with "encoder_outputs": true',
    }
    required = request.get("required") or ["architectures"]
    return {
        name: known[name]
        for name in request["properties"]
        if name in required and name in known
    }


def _with_code(text: str) -> str:
    """Escapes text, and marks what stands between backquotes as code."""
    pieces = html.escape(text).split("`")
    marked = (f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))
    return "".join(marked)


def _id(path: str) -> str:
    return path.strip("/") or "about"


def _text_of(name: str) -> str:
    return (importlib.resources.files("nao.integrations") / name).read_text("utf-8")
