"""No secret of the settings is shown: by no repr, in no error, and on no page about one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import override_settings
from django.views.debug import ExceptionReporter

from django_kvstore import Backend, Param, StoreURL, Unavailable, get_kvstore, kvstores, plugins
from django_kvstore.checks import check_stores
from django_kvstore.config import StoreConfig, read_settings
from django_kvstore.params import ParamValues
from django_kvstore.redaction import Redactor

from .plugins import installed

#: Put together, so that no line of this file shows it on the pages under test.
SECRET = "/".join(("p@s", "w%rd & more"))
QUOTED = quote(SECRET, safe="")

PLUGIN = """
from django_kvstore import Backend, InvalidValue, Param, Unavailable
from django_kvstore.plugins import hookimpl


class VaultBackend(Backend):
    scheme = "vault"
    params = (
        Param("pin", str, None, "Opens it.", secret=True, aliases=("code",)),
        Param("account", dict, None, "Who asks.", secret=True),
        Param("endpoint_url", str, None, "Where it is."),
        Param("size", int, 1, "How much."),
    )

    def __init__(self, alias, url, params):
        super().__init__(alias, url, params)
        if params["size"] > 5:
            raise ValueError(f"no size for {url.text} and {dict(params)}")
        self.forms = [url.text, url.password, params["pin"], params["endpoint_url"]]

    def get(self, key):
        raise self.unreachable()

    def unreachable(self):
        reason = f"no {self.forms} for {dict(self.options)!r}"
        return self.error(Unavailable, reason, hint=f"{self.url.text}")


@hookimpl
def kvstore_backend():
    return VaultBackend
"""

URLS = [
    f"vault://user:{QUOTED}@host",
    f"vault://host?pin={QUOTED}",
    f"vault://host?code={QUOTED}",
    f"vault://host?endpoint_url={quote(f'https://user:{QUOTED}@host/', safe='')}",
    f"vault://host?endpoint_url={quote(f'https://{QUOTED}@host/', safe='')}",
    f"vault://host?endpoint_url={quote(f'https://host/?api_key={QUOTED}&a=1', safe='')}",
]
OPTIONS = [
    {"pin": SECRET},
    {"code": SECRET},
    {"account": {"project": "shop", "private_key": SECRET}},
    {"account": {"words": [SECRET]}},
    {"account": {"words": {SECRET}, "more": bytearray(SECRET.encode())}},
    {"endpoint_url": f"https://user:{QUOTED}@host/"},
    {"endpoint_url": f"https://host/?token={QUOTED}"},
]
GIVEN: list[str] = []
ENTRIES: list[Any] = [*URLS, *({"URL": "vault://host", "OPTIONS": each} for each in OPTIONS)]


@pytest.fixture(autouse=True)
def _vault(tmp_path: Path) -> Any:
    with installed(tmp_path, "a-vault", plugins.GROUP, "vault", PLUGIN):
        yield


def reports(act: Callable[[], object]) -> str:
    """Return what Django shows of the error: its page with DEBUG, and its mails without.

    The page without DEBUG leaves out some of what the page with DEBUG has, and adds nothing.
    """
    try:
        act()
    except Exception:  # noqa: BLE001 # any will do
        failure = sys.exc_info()
    else:
        raise AssertionError("it does not fail")
    with override_settings(DEBUG=True):
        page = ExceptionReporter(None, *failure).get_traceback_html()
    with override_settings(DEBUG=False):
        mail = ExceptionReporter(None, *failure).get_traceback_text()
    return page + mail


def shows(text: str) -> list[str]:
    """Return the forms of the secret that are in the text."""
    forms = [SECRET, QUOTED, quote(SECRET), repr(SECRET)[1:-1], "w%rd", "w%25rd", "p%40s"]
    return [form for form in forms if form in text]


def of(entry: Any) -> dict[str, Any]:
    return {"KEY_VALUE_STORES": {"default": entry}}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(ENTRIES.index(entry)))
def test_no_call_that_fails_shows_a_secret(entry: Any) -> None:
    with override_settings(**of(entry)):
        store = kvstores["default"]
        with pytest.raises(Unavailable) as caught:
            store.get("key")
        assert not shows(f"{caught.value} {caught.value!r} {caught.value.args}")
        config = read_settings()["default"]
        assert not shows(f"{store!r} {store.backend!r} {store.backend.address} {config!r}")
        assert not shows(f"{store.backend.url} {store.backend.url!r} {store.backend.options!r}")
        assert not shows(reports(lambda: store.get("key")))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(ENTRIES.index(entry)))
def test_no_mistake_in_the_settings_shows_a_secret(entry: Any) -> None:
    whole = {"URL": entry} if isinstance(entry, str) else entry
    url, options = whole["URL"], whole.get("OPTIONS", {})
    wrong = [
        {**whole, "OPTIONS": {**options, "size": 9}},
        {**whole, "OPTIONS": {**options, "size": "nine"}},
        {**whole, "OPTIONS": {**options, "sise": 1}},
        {**whole, "OPTIONS": {**options, 5: 1}},
        {**whole, "OPTIONS": list(options.items())},
        {**whole, "TTL": "soon"},
        {**whole, "TIMEOUT": 1},
        {**whole, "URL": url.replace("vault", "valt")},
        {**whole, "URL": url.replace("vault", "not.there")},
        {**whole, "URL": f"{url}%"},
        {**whole, "URL": url.replace("://", ":/")},
        {"Url": url, **options},
    ]
    for each in wrong:
        with override_settings(**of(each)):
            assert not shows(reports(lambda: kvstores["default"])), each
            assert not shows(reports(lambda: kvstores["other"])), each


#: URLs whose password is in a wrong place, with the scheme left out.
MISPLACED = [
    f"://host:{QUOTED}",
    f"://user:{QUOTED};host",
    f"://[::1]:{QUOTED}",
    f"://user:a/{QUOTED}@host",
    f"://user@host:{QUOTED}",
]


@pytest.mark.parametrize("scheme", ["memcached", "tyrant", "sdb", "gae", "db", "valt", "not.there"])
@pytest.mark.parametrize("rest", MISPLACED, ids=lambda rest: str(MISPLACED.index(rest)))
def test_a_password_in_a_wrong_place_is_not_repeated(scheme: str, rest: str) -> None:
    GIVEN[:] = [f"{scheme}{rest}"]
    with override_settings(**of(GIVEN[0])):
        messages = check_stores()
        if not messages:
            assert scheme in ("gae", "db")  # a project or a table may be called so
            return
        assert not shows(str(messages))
        if scheme != "db":  # which opens a store whatever its URL names
            assert not shows(reports(lambda: kvstores["default"]))
            assert not shows(reports(lambda: get_kvstore(GIVEN[0])))


#: Put together, as `SECRET` is.
NUMBER = int("86753" + "09")


@pytest.mark.parametrize("number", [NUMBER, NUMBER + 0.25, -NUMBER], ids=["int", "float", "minus"])
def test_a_number_is_a_secret_too(number: float) -> None:
    for options in ({"pin": number}, {"account": {"private_key": number}}, {"account": [number]}):
        backend = Backend("alias", StoreURL.parse("vault://host"), {})
        params = (Param("pin", str, None, "Opens it.", secret=True),)
        params += (Param("account", dict, None, "Who asks.", secret=True),)
        redact = Redactor(backend.url, params, options)
        assert redact(f"no {number} here, for {options}") == redact("no *** here, for ") + str(
            options
        ).replace(str(number), "***")
    entry = {"URL": "vault://host", "OPTIONS": {"PASSWORD": number, "pin": number, "size": 9}}
    with override_settings(**of(entry)):
        assert str(NUMBER) not in reports(lambda: kvstores["default"])
    del entry["OPTIONS"]["PASSWORD"]  # type: ignore[attr-defined]
    with override_settings(**of(entry)):
        assert str(NUMBER) not in reports(lambda: kvstores["default"])


@pytest.mark.parametrize("url", URLS, ids=lambda url: str(URLS.index(url)))
def test_no_url_given_to_a_call_is_shown(url: str) -> None:
    more = "&" if "?" in url else "?"
    for each in (url, f"{url}%", url.replace("vault", "valt"), f"{url}{more}x=1"):
        GIVEN[:] = [each]  # not a variable of the function that calls
        assert not shows(reports(lambda: get_kvstore(GIVEN[0]).get("key")))


def test_the_reasons_words_stay() -> None:
    with override_settings(**of("vault://user:a@host?pin=b")):
        error = kvstores["default"].backend.error(Unavailable, "a cab has a bad 'b' and 'a'.")
        assert error.reason == "*** cab has *** bad '***' and '***'."
    for nothing in ({"URL": "vault://host", "OPTIONS": {"pin": ""}}, "vault://user:%20@host"):
        with override_settings(**of(nothing)):
            error = kvstores["default"].backend.error(Unavailable, "nothing - to hide")
            assert error.reason == "nothing - to hide"


def test_an_error_that_the_caller_handles_stays_as_it_is() -> None:
    class Client:
        def get(self) -> None:
            raise OSError(f"no {SECRET}")

    class Small(Backend):
        scheme = "small"

        def get(self, key: str) -> None:
            try:
                Client().get()
            except OSError as error:
                raise self.error(Unavailable, "no answer") from self.cause(error)

    small = Small("alias", StoreURL.parse(f"small://u:{QUOTED}@h"), {})
    try:
        raise LookupError(f"of the caller's: {SECRET}")
    except LookupError as error:
        own = error
        with pytest.raises(Unavailable) as caught:
            small.get("key")
    assert own.args == (f"of the caller's: {SECRET}",)
    assert own.__traceback__ is not None
    cause = caught.value.__cause__
    assert cause is not None
    assert cause.args == ("no ***",)
    assert cause.__context__ is own


def test_errors_that_cause_each_other_are_redacted_once() -> None:
    small = Backend("alias", StoreURL.parse("small://u:first@h"), {})
    one, other = OSError("the first"), OSError("first of all")
    one.__cause__, other.__cause__ = other, one
    assert small.cause(one).args == ("the ***",)
    assert other.args == ("*** of all",)


def test_an_address_hides_the_credentials_of_urls_within() -> None:
    inner = quote("https://ada:secret@host/?a=b&token=secret", safe="")
    url = StoreURL.parse(f"vault://host?endpoint_url={inner}&a=1")
    assert "secret" not in str(url)
    assert "ada" in str(url)
    assert "a%3Db" in str(url)


def test_values_of_parameters_are_themselves() -> None:
    values = ParamValues({"pin": "secret", "size": 1, "where": "http://a:secret@b"}, ["pin"])
    assert dict(values) == {"pin": "secret", "size": 1, "where": "http://a:secret@b"}
    assert repr(values) == "{'pin': '***', 'size': 1, 'where': 'http://a:***@b'}"


def test_a_backend_made_without_settings_redacts_too() -> None:
    class Small(Backend):
        scheme = "small"
        params = (Param("pin", str, None, "Opens it.", secret=True),)

    small = Small("alias", StoreURL.parse("small://u:first@h"), {"pin": "second"})
    assert str(small.error(Unavailable, "first and second.")).endswith("*** and ***.")
    assert "first" not in repr(small)


def test_a_config_shows_no_option() -> None:
    config = StoreConfig.read("default", {"URL": "vault://h", "OPTIONS": {"pin": "secret"}})
    assert "secret" not in repr(config)
