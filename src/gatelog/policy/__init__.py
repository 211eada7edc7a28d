"""Pure decisions: values in, values out. No I/O, no clock."""

from gatelog.policy.backends import COOLDOWN_NS, BackendHealth, try_order
from gatelog.policy.client_address import client_address
from gatelog.policy.credentials import CREDENTIAL_HEADERS, Credential, Disagreement, choose_credential
from gatelog.policy.keys import KeyRing, digest_key

__all__ = [
    "COOLDOWN_NS",
    "CREDENTIAL_HEADERS",
    "BackendHealth",
    "Credential",
    "Disagreement",
    "KeyRing",
    "choose_credential",
    "client_address",
    "digest_key",
    "try_order",
]
