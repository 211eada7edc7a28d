"""Where a request goes, and what of it does not."""

from __future__ import annotations

import pytest

from gatelog.provider import fit_for_log, resolve, upstream_path
from gatelog.provider.addressing import without_credentials


def upstream(target: str, kind: str, base: str) -> str:
    path, _, query = target.partition("?")
    operation = resolve("POST", path, query)
    assert operation is not None
    return upstream_path(operation, target, backend_kind=kind, base_path=base)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "azure", "openai"),
    [
        (
            "/openai/deployments/d%20x/chat/completions?api-version=2024-10-21",
            "/openai/deployments/d%20x/chat/completions?api-version=2024-10-21",
            "/base/chat/completions",
        ),
        ("/v1/chat/completions", "/openai/v1/chat/completions", "/base/chat/completions"),
        ("/openai/v1/files/f%2Fx?limit=2", "/openai/v1/files/f%2Fx?limit=2", "/base/files/f%2Fx?limit=2"),
        ("/openai/responses?api-version=p&b=1", "/openai/responses?api-version=p&b=1", "/base/responses?b=1"),
        ("/v1/something/new?q=%20", "/openai/v1/something/new?q=%20", "/base/something/new?q=%20"),
        ("/v1/models?api-key=secret", "/openai/v1/models", "/base/models"),
        (
            "/models/chat/completions?api-version=2024-05-01-preview",
            "/models/chat/completions?api-version=2024-05-01-preview",
            "/base/chat/completions",
        ),
    ],
)
def test_a_backend_is_asked_at_its_own_path_without_the_clients_key(
    target: str, azure: str, openai: str
) -> None:
    assert upstream(target, "azure-openai", "") == azure
    assert upstream(target, "openai", "/base/") == openai


def test_an_azure_backend_below_a_path_keeps_that_path() -> None:
    assert upstream("/v1/models", "azure-openai", "/east") == "/east/openai/v1/models"


@pytest.mark.parametrize(
    ("target", "clean"),
    [
        ("/a", "/a"),
        ("/a?", "/a?"),
        ("/a?x=%41&y", "/a?x=%41&y"),
        ("/a?subscription-key=s3cret", "/a"),
        ("/a?Subscription-Key=s3cret&x=1", "/a?x=1"),
        ("/a?x=1&API-KEY=s3cret&y=2", "/a?x=1&y=2"),
        ("/a?x=1&api%2Dkey=s3cret", "/a?x=1"),
        ("/a?api-%6bey=s3cret", "/a"),
        ("/a?api-key=s3cret&api-key=t", "/a"),
        ("/a?monkey=1", "/a?monkey=1"),
    ],
)
def test_keys_leave_the_query_and_everything_else_stays_byte_exact(target: str, clean: str) -> None:
    assert without_credentials(target) == clean


@pytest.mark.parametrize(
    ("target", "recorded"),
    [
        ("/a", "/a"),
        ("/a?", "/a?"),
        ("/a?api-version=2024-10-21&monkey=1&tokens=2", "/a?api-version=2024-10-21&monkey=1&tokens=2"),
        ("/a?x=1&subscription-key=s3cret", "/a?x=1"),
        ("/a?access_token=s3cret&x=1", "/a?access_token=(hidden)&x=1"),
        ("/a?x=1;subscription-key=s3cret", "/a?x=1;subscription-key=(hidden)"),
        ("/a?subscription-key[]=s3cret", "/a?subscription-key[]=(hidden)"),
        ("/a?sv=1&SIG=s3cret%3D", "/a?sv=1&SIG=(hidden)"),
        ("/a?access%5Ftoken=s3cret=&apikey=s3cret", "/a?access%5Ftoken=(hidden)&apikey=(hidden)"),
        ("/a?subscription_key=s3cret", "/a?subscription_key=(hidden)"),
        ("/a?accessToken=s3cret&clientSecret=s3cret", "/a?accessToken=(hidden)&clientSecret=(hidden)"),
        ("/a?authtoken=s3cret&subscriptionKey=s3cret", "/a?authtoken=(hidden)&subscriptionKey=(hidden)"),
        ("/a?subscription%252Dkey=s3cret", "/a?subscription%252Dkey=(hidden)"),
        ("/a?sig=s3;cret&x=1;y=2", "/a?sig=(hidden)&x=1;y=2"),
        ("/a?code=s3cret&error_code=1&token_type=b", "/a?code=(hidden)&error_code=1&token_type=b"),
        (
            "/a?acc%65ssToken=s3cret&jwt=s3cret&Pwd=s3cret",
            "/a?acc%65ssToken=(hidden)&jwt=(hidden)&Pwd=(hidden)",
        ),
    ],
)
def test_what_may_be_a_secret_is_not_recorded(target: str, recorded: str) -> None:
    assert fit_for_log(target) == recorded
