"""The demo's Django project: its settings, and nothing else yet."""
