"""The demo's Django project: its settings, and those and the addresses of it as a site."""
