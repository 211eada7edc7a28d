"""Routes as Azure Resource Manager has them: paths are compared without regard to case."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class AzureRoute(Route):
    """A route whose fixed parts are spelled in any case; what stands for a parameter is kept as it came."""

    def __init__(
        self, path: str, endpoint: Callable[[Request], Awaitable[Response]], *, methods: Sequence[str]
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.path_regex = re.compile(self.path_regex.pattern, re.IGNORECASE)
