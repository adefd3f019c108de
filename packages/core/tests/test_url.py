from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import StoreURL
from django_kvstore.url import host_and_port

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)


def test_every_part_is_told() -> None:
    url = StoreURL.parse("Memcached://me:p%40ss@10.0.0.1:1;[::1]:2/a/b%3F?timeout=2&x=%26+y")
    assert url.scheme == "memcached"
    assert url.hosts == ("10.0.0.1:1", "[::1]:2")
    assert url.location == "10.0.0.1:1;[::1]:2"
    assert (url.username, url.password, url.path) == ("me", "p@ss", "a/b?")
    assert url.params == {"timeout": "2", "x": "& y"}


def test_a_dotted_path_keeps_its_case() -> None:
    assert StoreURL.parse("My.Storage://h").scheme == "My.Storage"


def test_there_are_no_fragments() -> None:
    assert StoreURL.parse("db://ta#ble?using=a#b").params == {"using": "a#b"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("db", "begins with a scheme"),
        ("://x", "begins with a scheme"),
        ("d b://x", "begins with a scheme"),
        ("db://x%zz", "two hexadecimal digits"),
        ("db://u:p%@x", "two hexadecimal digits"),
        ("db://%ff", "UTF-8"),
        ("db://x?a", "name=value"),
        ("db://x?a=%", "two hexadecimal digits"),
        ("db://x?a=1&a=2", "'a' more than once"),
        ("db://x?a=%ff", "UTF-8"),
        (None, "not NoneType"),
        (b"db://x", "not bytes"),
    ],
)
def test_a_bad_url_is_told_without_repeating_it(text: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        StoreURL.parse(text)


@given(
    hosts=st.lists(TEXT, max_size=3),
    path=TEXT,
    username=st.none() | TEXT,
    password=st.none() | TEXT,
    params=st.dictionaries(TEXT, TEXT, max_size=3),
)
def test_any_url_comes_back_from_its_text(
    hosts: list[str],
    path: str,
    username: str | None,
    password: str | None,
    params: dict[str, str],
) -> None:
    if hosts == [""]:
        hosts = []  # "//" and "//" with one empty host are one text
    password = password if username is not None else None
    url = StoreURL("db", tuple(hosts), path, username, password, params)
    assert StoreURL.parse(url.text) == url


@given(text=st.text(max_size=40))
def test_any_text_is_a_url_or_a_value_error(text: str) -> None:
    for candidate in (text, f"db://{text}", f"db://h?{text}"):
        try:
            url = StoreURL.parse(candidate)
        except ValueError:
            continue
        assert StoreURL.parse(url.text) == url


@given(secret=st.text("abcdefghij0123456789/@%?:", min_size=8), name=NAMES)
def test_no_secret_is_shown(secret: str, name: str) -> None:
    secret = f"S3cr3t{secret}"
    params = {
        "aws_secret_access_key": secret,
        f"{name}_password": secret,
        "access_token": secret,
        "plain": "shown",
        "declared": secret,
    }
    url = StoreURL("sdb", ("domain",), "", "user", secret, params)
    for shown in (str(url), repr(url), f"{url}", url.redacted()):
        assert "S3cr3t" not in shown.replace(f"declared={secret}", "").split("declared=")[0]
        assert "plain=shown" in shown
    assert "S3cr3t" not in url.redacted(["declared"])
    assert "S3cr3t" in url.text


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("h", ("h", 11211)),
        ("h:5", ("h", 5)),
        ("[::1]", ("::1", 11211)),
        ("[fe80::1]:65535", ("fe80::1", 65535)),
    ],
)
def test_hosts_and_ports_are_read(host: str, expected: tuple[str, int]) -> None:
    assert host_and_port(host, 11211) == expected


@pytest.mark.parametrize("host", ["", ":5", "h:", "h:0", "h:65536", "h:x", "::1", "[::1", "h:1:2"])
def test_what_is_not_a_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="port"):
        host_and_port(host, 11211)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("h:S3cret", "h:***"),
        ("user:S3:cret", "user:***"),
        ("[::1]:S3cret", "[::1]:***"),
        ("[::1:S3cret", "[:***"),
        (":S3cret", ":***"),
        ("h:12S3cret", "h:***"),
        ("h:123456", "h:123456"),
        ("h:1:2", "h:1:2"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_what_may_be_a_password_in_place_of_a_port_is_not_repeated(host: str, shown: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"'{shown}' is not a host, host:port or")):
        host_and_port(host, 11211)
    assert "S3" not in repr(StoreURL("memcached", (host,)))
