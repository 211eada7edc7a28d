"""From the spool to where calls are kept: forwarders and sinks."""

from gatelog.sinks.base import Sink
from gatelog.sinks.forwarder import Forwarder
from gatelog.sinks.runner import ForwarderThread
from gatelog.sinks.statistics import ForwarderStatistics
from gatelog.sinks.store_sink import StoreSink

__all__ = ["Forwarder", "ForwarderStatistics", "ForwarderThread", "Sink", "StoreSink"]
