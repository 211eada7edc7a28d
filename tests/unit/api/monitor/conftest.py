"""Azure Monitor's surfaces over an embedded store, without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from gatelog.api.principal import Principal, Role
from gatelog.model import Attempt, Exchange
from gatelog.store import Budget
from gatelog.testing.records import chat_exchange, refused_exchange

GROUP = "/subscriptions/s/resourceGroups/g"
EAST = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/east"
GATEWAY = f"{GROUP}/providers/Microsoft.ApiManagement/service/gatelog"
VERDICTS = {
    "prompt": {
        "hate": {"filtered": True, "severity": "medium"},
        "jailbreak": {"filtered": False, "detected": True},
    },
    "completion": {"hate": {"filtered": False, "severity": "safe"}},
    "blocked": ["prompt:hate"],
}

TOKENS = {
    "reader": Principal("reader", Role.LOG_WITH_BODIES),
    "clerk": Principal("clerk", Role.LOG),
    "meter": Principal("meter", Role.METRICS),
}


class Monitor:
    """Asks the surfaces as one principal."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def query(
        self, text: str, *, token: str = "reader", path: str = "/v1/workspaces/home", **body: Any
    ) -> Any:
        """The raw answer to a question."""
        prefer = body.pop("prefer", "")
        headers = {"authorization": f"Bearer {token}", "prefer": prefer}
        return self.client.post(f"{path}/query", json={"query": text, **body}, headers=headers)

    def rows(self, text: str, **arguments: Any) -> list[list[Any]]:
        """The rows of a question's first table."""
        answer = self.query(text, **arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()["tables"][0]["rows"]

    def get(self, resource: str, page: str, *, token: str = "meter", **parameters: Any) -> Any:
        """The raw answer of a page of Microsoft.Insights."""
        asked = {
            "api-version": "2024-02-01",
            **{name.replace("_filter", "$filter"): value for name, value in parameters.items()},
        }
        return self.client.get(
            f"{resource}/providers/Microsoft.Insights/{page}",
            params=asked,
            headers={"authorization": f"Bearer {token}"},
        )

    def series(
        self, metric: str, *, resource: str = EAST, **parameters: Any
    ) -> list[tuple[dict[str, str], Any]]:
        """Labels and points with a value, of each series of one metric over its whole hour."""
        asked = {"metricnames": metric, "interval": "FULL", **parameters}
        answer = self.get(resource, "metrics", **asked)
        assert answer.status_code == 200, answer.text
        return [
            (
                {label["name"]["value"]: label["value"] for label in one["metadatavalues"]},
                [point for point in one["data"] if len(point) > 1],
            )
            for one in answer.json()["value"][0]["timeseries"]
        ]

    def total(self, metric: str, **parameters: Any) -> float:
        """The total of a metric that has one series."""
        [(_, [point])] = self.series(metric, aggregation="Total", **parameters)
        return point["total"]


def exchanges() -> list[Exchange]:
    """Nine calls that east answered; one more after west had refused it for its limit; one that the gateway
    refused; a stream whose prompt was blocked.
    """
    again = chat_exchange(20)
    attempts = (
        Attempt("west", "answered", 429, 1_000_000, 5_000_000),
        Attempt("east", "answered", 200, 6_000_000, 302_000_000),
    )
    replace = msgspec.structs.replace
    streamed = chat_exchange(21)
    streamed = replace(
        streamed,
        call=replace(streamed.call, stream=True),
        content=replace(streamed.content, filter_verdicts=VERDICTS),
    )
    return [
        *map(chat_exchange, range(1, 10)),
        refused_exchange(10),
        replace(again, route=replace(again.route, attempts=attempts)),
        streamed,
    ]


@pytest.fixture(scope="module")
def monitor(surfaces: Callable[..., Any]) -> Monitor:
    """The record of `exchanges`."""
    return Monitor(surfaces(exchanges(), TOKENS, Budget(rows=1_000, bytes=100_000)).client)
