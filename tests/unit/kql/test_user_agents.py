"""parse_user_agent: the rules as SQL find what the library that they come with finds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from ua_parser import parse

from gatelog import kql
from gatelog.store.query import SQL_BYTES_MAX
from gatelog.testing.kql import run

AGENTS = (
    "python-requests/2.31.0",
    "okhttp/4.9.3",
    "PostmanRuntime/7.35.0",
    "Apache-HttpClient/4.5.13 (Java/17.0.2)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
    "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
    "BlackBerry9700/5.0.0.862 Profile/MIDP-2.1 Configuration/CLDC-1.1 VendorID/167",
    "Dalvik/2.1.0 (Linux; U; Android 10; M2006C3LG Build/QP1A.190711.020)",
    'Mozilla/5.0 (Linux; Android 8.0.0; Pixel 2 "XL") a\\b',
    "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 Chrome/112.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.2 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
)


def expected(agent: str) -> dict[str, dict[str, str]]:
    """What the library finds, as Kusto shows it."""
    found = parse(agent)
    browser, system, device = found.user_agent, found.os, found.device
    versions = ("family", "major", "minor", "patch", "patch_minor")
    names = ("Family", "MajorVersion", "MinorVersion", "Patch", "PatchMinor")
    answer = {}
    for title, part, fields, shown in (
        ("Browser", browser, versions[:4], names[:4]),
        ("OperatingSystem", system, versions, names),
        ("Device", device, ("family", "brand", "model"), ("Family", "Brand", "Model")),
    ):
        values = [getattr(part, field, None) or "" for field in fields]
        answer[title] = dict(zip(shown, values if part else ["Other", *values[1:]], strict=True))
    return answer


def test_every_agent_is_taken_apart_as_the_library_does_it() -> None:
    rows = ", ".join(json.dumps(agent) for agent in AGENTS)
    targets = "dynamic(['browser', 'os', 'device'])"
    _, found = run(f"datatable(agent: string)[{rows}] | project agent, parse_user_agent(agent, {targets})")
    assert dict(found) == {agent: expected(agent) for agent in AGENTS}


@pytest.mark.parametrize("target", ["'browser'", "'os'", "'device'"])
def test_a_text_that_no_rule_knows_is_held_against_all_of_them(target: str) -> None:
    _, [[family]] = run(f"print tostring(parse_user_agent('', {target}))")
    assert '"Family":"Other"' in family


def test_all_rules_leave_a_sixth_of_a_statement_to_the_rest_of_the_query() -> None:
    text = "print agent = 'x' | extend parse_user_agent(agent, dynamic(['browser', 'os', 'device']))"
    select = kql.compile(text, kql.Catalog(), now=datetime(2026, 1, 1, tzinfo=UTC)).sql
    assert len(select.encode()) < SQL_BYTES_MAX * 5 // 6


def test_a_statement_may_have_the_same_rules_twice() -> None:
    rows = f"datatable(agent: string)[{json.dumps(AGENTS[-1])}]"
    of_system = "parse_user_agent(agent, 'os').OperatingSystem.Family"
    _, found = run(
        f"{rows} | where {of_system} != 'x' | extend a = {of_system}, b = {of_system} | project a, b"
    )
    assert found == [["Windows", "Windows"]]
