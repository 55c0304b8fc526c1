"""Imported first of all in the server that worker processes are forked from: what follows is imported quickly.

Belongs here: nothing else; importing this changes how the process imports (`quick_imports`).
"""

from tasks.tables.quick_imports import install

install()
