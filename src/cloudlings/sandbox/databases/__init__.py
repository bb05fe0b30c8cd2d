"""Real databases behind RDS: a PostgreSQL on the loopback for each instance of that engine.

moto keeps what RDS says of an instance; what is here makes it true. ``model`` is what is wanted and how it
is shown (pure), ``machine`` what this machine has, ``server`` one PostgreSQL, ``service`` all of them: it
looks at what an account is to have, and makes it so.
"""

from __future__ import annotations

from cloudlings.sandbox.databases.model import Instance, Snapshot, State
from cloudlings.sandbox.databases.service import Databases, here, serve

__all__ = ["Databases", "Instance", "Snapshot", "State", "here", "serve"]
