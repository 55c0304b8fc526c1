"""Settings, the contract, the rules, and the version of presslake."""

from typing import Final

#: Stated here, as asking the installed package takes a twentieth of a short run.
VERSION: Final = "0.1.0"
