"""Lets the tests import the trainer's modules, which lie a folder above and are no package."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
