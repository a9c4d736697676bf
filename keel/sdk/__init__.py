"""Talking to nodes: chains behind JSON-RPC, deployments, and the perp client."""
