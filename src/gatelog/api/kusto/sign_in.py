"""The token service that stands where Azure's clients expect Entra: its client secrets are hub tokens.

GET  /v1/rest/auth/metadata                               where to sign in: here
GET  /metadata/endpoints                                  the same, as `az` asks it: one cloud, or before
                                                          2022-09-01 a list of clouds
GET  /{tenant}[/v2.0]/.well-known/openid-configuration    the addresses of this service
GET  /{tenant}/discovery/v2.0/keys                        none: a hub token is no JWT, nothing is signed
GET  /common/discovery/instance                           that this service may be trusted
POST /{tenant}/oauth2/v2.0/token                          client_credentials: secret in, bearer out
GET  /msi/token                                           a managed identity's, as App Service has it

A client gets its own secret back as the bearer: nothing is issued that would have to be kept, and a token
withdrawn from the configuration is withdrawn everywhere. Neither client_id nor tenant nor scope changes
anything: the secret says who it is.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gatelog.api.auth import Authenticator
from gatelog.api.azure_routes import AzureRoute
from gatelog.api.bodies import read_body
from gatelog.api.problems import RequestError

FORM_BYTES_MAX = 64 * 1024
"""Body of a token request; an assertion would be the longest part of one."""

FIELDS_MAX = 50
"""Fields of a token request; clients send fewer than ten."""

LIFETIME_S = 3600
"""After it a client asks again. The bearer itself lasts as long as its token is declared."""

_ONE_CLOUD_SINCE = "2022-09-01"
"""The api-version since which Resource Manager answers one cloud and not a list."""

_KUSTO_CLIENT_ID = "db662dc1-0cfe-4e1c-a843-19a68e65be58"
_KUSTO_RESOURCE = "https://kusto.kusto.windows.net"
_BOUNDARY = re.compile(r"boundary=\"?(?P<text>[^\";]{1,70})", re.IGNORECASE)
_FIELD_NAME = re.compile(rb"\bname=\"(?P<text>[^\"]*)\"", re.IGNORECASE)
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class SignIn:
    """The endpoints; none of them needs a token."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def routes(self) -> list[BaseRoute]:
        """For the hub's application."""
        return [
            _route("GET", "/v1/rest/auth/metadata", metadata),
            _route("GET", "/metadata/endpoints", cloud_endpoints),
            _route("GET", "/common/discovery/instance", instance_discovery),
            _route("GET", "/{tenant}/.well-known/openid-configuration", openid_configuration),
            _route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", openid_configuration),
            _route("GET", "/{tenant}/discovery/v2.0/keys", signing_keys),
            _route("POST", "/{tenant}/oauth2/v2.0/token", self.token),
            _route("POST", "/{tenant}/oauth2/token", self.token),
            AzureRoute("/msi/token", self.managed_identity),
        ]

    async def token(self, request: Request) -> Response:
        """RFC 6749, section 4.4."""
        try:
            form = await _form(request)
        except (RequestError, ValueError) as error:
            return _refused(400, "invalid_request", f"AADSTS900144: {error}", 900144)
        if form.get("grant_type") != "client_credentials":
            message = "AADSTS70003: The grant type is not supported here: use client_credentials"
            return _refused(400, "unsupported_grant_type", message, 70003)
        secret = form.get("client_secret", "")
        if not secret or self._authenticator.of_token(secret) is None:
            message = "AADSTS7000215: Invalid client secret provided: it must be a token of this hub"
            return _refused(401, "invalid_client", message, 7000215)
        return _json(
            {
                "token_type": "Bearer",
                "expires_in": LIFETIME_S,
                "ext_expires_in": LIFETIME_S,
                "access_token": secret,
            }
        )

    async def managed_identity(self, request: Request) -> Response:
        """For whoever has this address in IDENTITY_ENDPOINT and a hub token in IDENTITY_HEADER."""
        if request.method != "GET":
            message = f"{request.method} is not taken here: use GET"
            return _json({"statusCode": 405, "message": message}, status=405, headers={"allow": "GET"})
        secret = request.headers.get("x-identity-header", "")
        if not secret or self._authenticator.of_token(secret) is None:
            message = "X-IDENTITY-HEADER must be a token of this hub"
            return _json({"statusCode": 401, "message": message}, status=401)
        return _json(
            {
                "access_token": secret,
                "expires_on": str(int(time.time()) + LIFETIME_S),
                "resource": request.query_params.get("resource", ""),
                "token_type": "Bearer",
            }
        )


async def metadata(request: Request) -> Response:
    """How Kusto's clients are to sign in."""
    base = _base(request)
    return _json(
        {
            "AzureAD": {
                "LoginEndpoint": base,
                "LoginMfaRequired": False,
                "KustoClientAppId": _KUSTO_CLIENT_ID,
                "KustoClientRedirectUri": "http://localhost",
                "KustoServiceResourceId": _KUSTO_RESOURCE,
                "FirstPartyAuthorityUrl": f"{base}/gatelog",
            }
        }
    )


async def cloud_endpoints(request: Request) -> Response:
    """The addresses of a cloud as Azure Resource Manager names them, as far as there is anything behind."""
    base = _base(request)
    cloud = _cloud(base)
    is_listed = request.query_params.get("api-version", "")[:10] < _ONE_CLOUD_SINCE
    return _json([cloud] if is_listed else cloud)


def _cloud(base: str) -> dict[str, Any]:
    return {
        "name": "gatelog",
        "authentication": {
            "loginEndpoint": base,
            "audiences": [base],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": base,
        "graphAudience": base,
        "microsoftGraphResourceId": base,
        "logAnalyticsResourceId": base,
        # As az's extension log-analytics spells it.
        "logAnalyticslogAnalyticsResourceId": base,
        "suffixes": {},
    }


async def openid_configuration(request: Request) -> Response:
    """OpenID Connect Discovery 1.0: what it requires, MSAL requires too, in some languages."""
    base = f"{_base(request)}/{request.path_params['tenant']}"
    return _json(
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


async def signing_keys(_: Request) -> Response:
    """RFC 7517, section 5: an empty set."""
    return _json({"keys": []})


async def instance_discovery(request: Request) -> Response:
    """The answer of login.microsoftonline.com about an authority: this host stands for itself."""
    host = request.url.netloc
    return _json(
        {
            "api-version": "1.1",
            "tenant_discovery_endpoint": f"{_base(request)}/gatelog/v2.0/.well-known/openid-configuration",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


def _route(method: str, path: str, work: Callable[[Request], Awaitable[Response]]) -> BaseRoute:
    """All methods come here, so that all refusals have the shape of Entra's."""

    async def endpoint(request: Request) -> Response:
        if request.method == method or (request.method, method) == ("HEAD", "GET"):
            return await work(request)
        received = f"The endpoint only accepts {method} requests. Received a {request.method} request."
        return _refused(405, "invalid_request", f"AADSTS900561: {received}", 900561, {"allow": method})

    return AzureRoute(path, endpoint)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _form(request: Request) -> dict[str, str]:
    """The first value of each field."""
    body = await read_body(request, FORM_BYTES_MAX)
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/form-data"):
        return _parts(kind, body)
    if body.count(b"&") >= FIELDS_MAX:
        raise ValueError(f"a form has at most {FIELDS_MAX} fields")
    fields = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _parts(kind: str, body: bytes) -> dict[str, str]:
    """The first value of each field of a multipart form (RFC 7578), which `curl -F` sends. ValueError."""
    boundary = _BOUNDARY.search(kind)
    if boundary is None:
        raise ValueError("the form names no boundary")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary["text"].encode("latin-1"), FIELDS_MAX + 1)
    if len(parts) > FIELDS_MAX + 1:
        raise ValueError(f"a form has fewer than {FIELDS_MAX} fields")
    fields: dict[str, str] = {}
    for part in parts[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _FIELD_NAME.search(head)
        if name is not None:
            fields.setdefault(name["text"].decode("utf-8", "replace"), value.decode("utf-8", "replace"))
    return fields


def _refused(
    status: int, error: str, description: str, number: int, headers: Mapping[str, str] | None = None
) -> Response:
    document = {"error": error, "error_description": description, "error_codes": [number]}
    return _json(document, status=status, headers=headers)


def _json(document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body, headers = msgspec.json.encode(document), {**_NO_STORE, **(headers or {})}
    return Response(body, status, headers=headers, media_type="application/json")
