"""What is judged: the vocabulary of events, the controls and the engine that asks them.

Pure: standard library, pydantic and a holiday calendar. No clock is read here, no file or
network opened; time arrives as an event. `streams` moves what this package judges.
"""
