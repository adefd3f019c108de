"""The addresses of the project: the admin's, and the icon that every browser asks for."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path


def no_icon(request: HttpRequest) -> HttpResponse:
    """There is none, which is no error."""
    return HttpResponse(status=204)


urlpatterns = [path("admin/", admin.site.urls), path("favicon.ico", no_icon)]
