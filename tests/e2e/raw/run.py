"""Runs one scenario, scenarios.NAME or bounds.NAME, against the hub that the environment names (hub.py)."""

import importlib
import sys

from hub import Hub

scenario = importlib.import_module(sys.argv[1])
print(scenario.__doc__.strip(), flush=True)
scenario.run(Hub())
