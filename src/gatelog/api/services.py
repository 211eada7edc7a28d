"""What every family of endpoints works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gatelog.api.auth import Authenticator
from gatelog.api.questions import Questions
from gatelog.api.workers import Workers
from gatelog.control import Functions
from gatelog.model import Clock
from gatelog.store import Retention, Store


class Services(NamedTuple):
    """Endpoints authenticate first, then do what blocks through `workers.run_for` their principal. `store`
    gives the store, or raises StoreUnavailableError while it is away. `retention` is how long it keeps calls.
    """

    authenticator: Authenticator
    workers: Workers
    questions: Questions
    store: Callable[[], Store]
    functions: Functions
    clock: Clock
    retention: Retention = Retention()
