"""A scriptable Azure OpenAI resource on a real socket: for tests, demonstrations and benchmarks.

It shares no code with the gateway's data path, so that each can find the other's mistakes.
"""

from gatelog.simulator.draft import BLOCK_PROMPT, FILTER_COMPLETION, REFUSE
from gatelog.simulator.received import Received
from gatelog.simulator.script import Fault, Script, read_script
from gatelog.simulator.serve import serve, serve_forever
from gatelog.simulator.simulator import Simulator
from gatelog.simulator.thread import SimulatorThread

__all__ = [
    "BLOCK_PROMPT",
    "FILTER_COMPLETION",
    "REFUSE",
    "Fault",
    "Received",
    "Script",
    "Simulator",
    "SimulatorThread",
    "read_script",
    "serve",
    "serve_forever",
]
