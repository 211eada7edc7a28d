"""What the operator wrote, read and validated whole before anything starts."""

from gatelog.config.address import Address
from gatelog.config.load import load, parse
from gatelog.config.schema import (
    BackendConfig,
    Config,
    GatewayConfig,
    HubConfig,
    LimitsConfig,
    Network,
    ProductConfig,
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
    "HubConfig",
    "KeyDigest",
    "LimitsConfig",
    "Network",
    "ProductConfig",
    "Secret",
    "SpoolConfig",
    "StoreConfig",
    "SubscriptionConfig",
    "TimeoutsConfig",
    "TlsConfig",
    "load",
    "parse",
    "parse_duration",
]
