"""The console, over one company for all of its tests: pytest ends a fixture of a package with it."""
