"""cloudlings: learn AWS by doing it, on your own machine, and be told precisely what is wrong."""

__version__ = "0.1.0"
