"""Settings for tests without a project."""

from __future__ import annotations

import django
from django.conf import settings


def pytest_configure() -> None:
    settings.configure(INSTALLED_APPS=["django_kvstore"], SECRET_KEY="of these tests", USE_TZ=True)
    django.setup()
