"""Routes as Azure's services have them, and our own as well: paths are compared without regard to case or a
slash at their end.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class AzureRoute(Route):
    """A route whose fixed parts are spelled in any case; what stands for a parameter is kept as it came.
    Without `methods` every one comes to the endpoint, so that it refuses in the service's own shape.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        methods: Sequence[str] | None = None,
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        if methods is None:
            self.methods = None
        pattern = self.path_regex.pattern.removesuffix("$")
        self.path_regex = re.compile(f"{pattern}/?$", re.IGNORECASE | re.ASCII)
