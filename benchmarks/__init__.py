"""Measurements, found here by their files: each module's ``run()`` gives figures as a dict.

``python -m benchmarks [NAME …]`` runs them and writes ``bench.json``. Absolute times hold for one machine and
one moment; where there is a peer, it is measured in the same run and the figure is a ratio against it.
"""
