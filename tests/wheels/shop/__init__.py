"""An application of somebody else's, for a strict type checker to look at; nobody runs it."""
