"""The maintain stage: what keeps a warehouse small and shows that it is right; see `task`."""
