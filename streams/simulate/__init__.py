"""A company made from a seed: its events, and labels for what was planted among them."""

from streams.simulate.plan import Label
from streams.simulate.stream import START, Simulation, simulate

__all__ = ["START", "Label", "Simulation", "simulate"]
