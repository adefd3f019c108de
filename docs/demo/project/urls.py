"""The addresses of the demo as a site: the admin, where the stores are."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:django_kvstore_keyvaluestore_changelist")),
    path("admin/", admin.site.urls),
]
