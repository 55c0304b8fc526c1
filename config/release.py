"""The version of presslake, for the package, `--version` and the tables.

Here and not asked of the installed package: importing what can answer takes a twentieth of a short run.
"""

from typing import Final

VERSION: Final = "0.1.0"
