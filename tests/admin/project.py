"""A project with Django's admin, as the settings that differ from the other tests'.

``with override_settings(**SETTINGS): client.get("/admin/django_kvstore/keyvaluestore/")``
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse

#: What may be loaded from where: nothing inline, and nothing of another origin.
POLICY: Final = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
POLICY_HEADER: Final = f"{POLICY}connect-src 'self'; form-action 'self'; base-uri 'none'"

SETTINGS: Final[dict[str, Any]] = {
    "ALLOWED_HOSTS": ["127.0.0.1", "testserver"],
    "INSTALLED_APPS": [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django_kvstore",
        "django_keyval",
    ],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "admin.project.content_policy",
    ],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "ROOT_URLCONF": "admin.urls",
    "STATIC_URL": "/static/",
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        }
    ],
    "KEYVAL_STORE": "default",
    "KEY_VALUE_STORES": {
        "default": "locmem://admin-default",
        "table": "db://kvstore",
    },
}


def content_policy(get_response: Any) -> Any:
    """Send the strictest policy under which Django's admin itself works."""

    def respond(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get_response(request)
        response["Content-Security-Policy"] = POLICY_HEADER
        return response

    return respond
