"""Moves and keeps; knows no law."""
