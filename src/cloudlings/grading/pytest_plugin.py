"""Fixtures and options that graders get under pytest."""
