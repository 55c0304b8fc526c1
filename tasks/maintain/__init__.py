"""The maintain stage: checks that a warehouse is right, and rules that keep it small; see `task`."""
