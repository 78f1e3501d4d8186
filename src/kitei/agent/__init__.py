"""The program on a node: pull orders, see, plan, ask, apply, see again, report."""

from kitei.agent.config import AgentConfig, Pass
from kitei.agent.loop import run

__all__ = ["AgentConfig", "Pass", "run"]
