"""What the operator wrote, read and validated whole before anything starts."""

from gatelog.config.address import Address
from gatelog.config.certificates import notices
from gatelog.config.hub_token import TokenDigest, new_token
from gatelog.config.load import HubPlace, load, load_hub_place, parse
from gatelog.config.schema import (
    BackendConfig,
    Config,
    GatewayConfig,
    HttpUrl,
    HubConfig,
    HubLimitsConfig,
    HubTokenConfig,
    LimitsConfig,
    Network,
    ProductConfig,
    QueryConfig,
    SpoolConfig,
    StoreConfig,
    SubscriptionConfig,
    TimeoutsConfig,
    TlsConfig,
)
from gatelog.config.secret import Dsn, KeyDigest, Secret
from gatelog.config.units import parse_duration

__all__ = [
    "Address",
    "BackendConfig",
    "Config",
    "Dsn",
    "GatewayConfig",
    "HttpUrl",
    "HubConfig",
    "HubLimitsConfig",
    "HubPlace",
    "HubTokenConfig",
    "KeyDigest",
    "LimitsConfig",
    "Network",
    "ProductConfig",
    "QueryConfig",
    "Secret",
    "SpoolConfig",
    "StoreConfig",
    "SubscriptionConfig",
    "TimeoutsConfig",
    "TlsConfig",
    "TokenDigest",
    "load",
    "load_hub_place",
    "new_token",
    "notices",
    "parse",
    "parse_duration",
]
