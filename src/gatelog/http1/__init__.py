"""HTTP/1.1 on the event loop, both sides: strict, bounded, callback-driven; knows no OpenAI.

client ⇄ Server ── RequestHandler, Reply ──▶ application ── ResponseHandler, UpstreamCall ──▶ Pool ⇄ origin
"""

from gatelog.http1.call import UpstreamCall
from gatelog.http1.failures import AbortReason, Failure, FailureReason
from gatelog.http1.handlers import RequestHandler, ResponseHandler
from gatelog.http1.head import Header, RequestHead, ResponseHead
from gatelog.http1.pool import Pool, PoolStatistics
from gatelog.http1.reply import Reply, header_block
from gatelog.http1.server import Server
from gatelog.http1.server_state import ErrorBody, ServerStatistics
from gatelog.http1.settings import ClientSettings, ServerSettings

__all__ = [
    "AbortReason",
    "ClientSettings",
    "ErrorBody",
    "Failure",
    "FailureReason",
    "Header",
    "Pool",
    "PoolStatistics",
    "Reply",
    "RequestHandler",
    "RequestHead",
    "ResponseHandler",
    "ResponseHead",
    "Server",
    "ServerSettings",
    "ServerStatistics",
    "UpstreamCall",
    "header_block",
]
