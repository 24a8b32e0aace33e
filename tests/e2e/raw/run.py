"""Runs one scenario, by its name, against the hub that the environment names (hub.py)."""

import importlib
import sys

from hub import Hub

scenario = importlib.import_module("scenarios." + sys.argv[1])
print(scenario.__doc__.strip(), flush=True)
scenario.run(Hub())
