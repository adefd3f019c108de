"""An application that uses all that the pages show, for type checkers to look at; nobody runs it.

``hatch run types`` checks it with mypy and with pyright, both strict. `mistakes` holds what they
must find: there each ``ignore`` stands for an error, and one that ignores nothing is an error too.
"""
