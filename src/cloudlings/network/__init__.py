"""What reaches what in a VPC, hop by hop, there and back. See docs/architecture.md.

network = load_topology(json)             # or read through boto3
answer = trace(network, "internet", "i-0abc…", "tcp", 443)
print(answer.sentence)

"""

from .engine import trace
from .findings import findings
from .kinds import Kind, kind
from .model import Network
from .picture import Picture, draw
from .policies import Allows, EndpointRequest
from .reader import read_network
from .result import Component, Explanation, Finding, Header, Hop, Statement, Trace
from .statements import Place, View, view_of
from .topology import load_topology
from .zones import without_zone

__all__ = [
    "Allows",
    "Component",
    "EndpointRequest",
    "Explanation",
    "Finding",
    "Header",
    "Hop",
    "Kind",
    "Network",
    "Picture",
    "Place",
    "Statement",
    "Trace",
    "View",
    "draw",
    "findings",
    "kind",
    "load_topology",
    "read_network",
    "trace",
    "view_of",
    "without_zone",
]
