"""Agents: specialists, the loop they work in, and the orchestrator that delegates to them."""
