"""Who gets in, and what every answer carries."""

import hashlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from smclient.console.app import create_app
from smclient.console.security import CSRF_HEADER, refusal
from smclient.console.vendored import VENDORED
from smsandbox.paths import repository
from smsandbox.testing.console import Objects, backend_over

STATIC = repository() / "client" / "smclient" / "console" / "static"


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({"Host": "127.0.0.1:3100"}, False),
        ({"Host": "localhost:8080", "Sec-Fetch-Site": "none"}, False),
        ({"Host": "127.0.0.1:3100", "Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:3100"}, False),
        ({}, True),
        ({"Host": "evil.example:3100"}, True),  # DNS rebinding
        ({"Host": "127.0.0.1.evil.example"}, True),
        ({"Host": "127.0.0.1:3100", "Origin": "http://evil.example"}, True),
        ({"Host": "127.0.0.1:3100", "Origin": "null"}, True),
        ({"Host": "127.0.0.1:3100", "Origin": "http://127.0.0.1:8000"}, True),
        ({"Host": "127.0.0.1:3100", "Sec-Fetch-Site": "cross-site"}, True),
        ({"Host": "127.0.0.1:3100", "Sec-Fetch-Site": "same-site"}, True),  # another port of this machine
    ],
)
def test_pages_of_other_sites_and_foreign_names_are_refused(headers: dict[str, str], is_refused: bool) -> None:
    assert (refusal("GET", headers) is not None) is is_refused


def test_a_link_opens_the_console_once(objects: Objects) -> None:
    app, tickets = create_app(backend_over(objects))
    link = {"token": tickets.issue()}
    first, second, stranger = app.test_client(), app.test_client(), app.test_client()
    assert stranger.get("/").status_code == 403
    answer = first.get("/", query_string=link)
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "used before" in second.get("/", query_string=link).text
    assert second.get("/").status_code == 403
    assert first.get("/", query_string=link).status_code == 303  # a reload of the link harms nobody who is in


def test_a_token_that_was_made_up_opens_nothing(objects: Objects) -> None:
    app, _ = create_app(backend_over(objects))
    for token in ("", "x" * 43, "ä"):
        assert app.test_client().get("/", query_string={"token": token}).status_code == 403


def test_every_answer_forbids_scripts_of_others_frames_and_caches(client: FlaskClient) -> None:
    for path in ("/", "/endpoints", "/endpoints/ml/absent/", "/nowhere", "/static/console.css"):
        headers = client.get(path, buffered=True).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store", path


def test_no_page_has_a_script_or_a_style_within(client: FlaskClient) -> None:
    for template in (STATIC.parent / "templates").glob("*.html"):
        text = template.read_text()
        for within in (" style=", "<style", "javascript:", " onclick", " onload", "hx-on", "| safe", "|safe", "js:"):
            assert within not in text, f"{template.name} has {within}"
        assert text.count("<script") == text.count("<script src="), template.name


def test_what_changes_something_needs_the_token_of_the_session(client: FlaskClient) -> None:
    paths = [rule for rule in client.application.url_map.iter_rules() if "POST" in (rule.methods or set())]
    for rule in paths:
        path = str(rule).replace("<namespace>", "ml").replace("<name>", "iris")
        assert client.post(path).status_code == 403, path
        assert client.post(path, data={"csrf": "x"}).status_code == 403, path
        assert client.post(path, headers={CSRF_HEADER: "x"}).status_code == 403, path


def test_other_methods_are_refused(client: FlaskClient) -> None:
    assert client.put("/").status_code == 403
    assert client.delete("/").status_code == 403


@pytest.mark.parametrize("each", VENDORED, ids=lambda each: each.file)
def test_files_of_others_are_as_their_authors_released_them(each: Any) -> None:
    vendor = STATIC / "vendor"
    assert hashlib.sha256((vendor / each.file).read_bytes()).hexdigest() == each.sha256
    assert (vendor / each.licence_file).is_file()


def test_every_vendored_file_is_accounted_for() -> None:
    known = {name for each in VENDORED for name in (each.file, each.licence_file)}
    assert {path.name for path in (STATIC / "vendor").iterdir()} == known
