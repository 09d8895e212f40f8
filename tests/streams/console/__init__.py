"""The console, over one company for all its tests: a fixture of a package ends with it."""
