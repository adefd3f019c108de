"""What a URL and OPTIONS may say, signing in, and what is never shown."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured

from django_kvstore.backend import Backend
from django_kvstore.config import StoreConfig
from django_kvstore.errors import Unavailable
from django_kvstore.plugins import load_backend
from django_kvstore_gae import DatastoreBackend


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """An environment that names neither an emulator nor a project."""
    for name in ("DATASTORE_EMULATOR_HOST", "DATASTORE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/secret.json")


@pytest.fixture(scope="module")
def account():
    """What a service account's key file holds."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "of-the-account",
        "private_key_id": "1",
        "private_key": key.decode(),
        "client_email": "tests@of-the-account.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://localhost:1/token",
    }


@pytest.fixture
def key_file(account, tmp_path):
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account))
    return path


def configure(entry):
    return StoreConfig.read("tested", entry).open_backend()


def signed_in(backend):
    return backend._session()._connection


@pytest.mark.parametrize("scheme", ["gae", "appengine", "googleappengine"])
def test_the_scheme_and_its_old_names_are_found(scheme):
    assert load_backend(scheme) is DatastoreBackend


def test_importing_the_package_does_not_import_googles_client():
    code = "import sys, django_kvstore_gae; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "django_kvstore_gae" in loaded
    assert not loaded & {"google", "grpc"}


def test_making_a_backend_does_not_sign_in():
    assert configure("gae://project/namespace").options["timeout"] == 10.0


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("gae://project/a/b", "the Datastore namespace 'a/b'"),
        ("gae://project/a%20b", "the Datastore namespace 'a b'"),
        ("gae://project/" + "n" * 101, "the Datastore namespace"),
        ("gae://one;other/namespace", "one project"),
        ("gae://user@project/namespace", "one project"),
        ("gae://project/n?kind=__k__", "reserved"),
        ("gae://project/n?kind=", "1 to 1,500 bytes"),
        ("gae://project/n?kind=" + "k" * 1501, "1 to 1,500 bytes"),
        ("gae://project/n?timeout=0", "greater than zero"),
        ("gae://project/n?knid=k", "did you mean 'kind'"),
    ],
)
def test_a_setting_that_datastore_would_refuse_is_told_at_once(url, problem):
    with pytest.raises(ImproperlyConfigured, match=problem):
        configure(url)


def test_the_emulator_needs_no_credentials(monkeypatch):
    monkeypatch.setenv("DATASTORE_EMULATOR_HOST", "127.0.0.1:1")
    assert signed_in(configure("gae://project")).project == "project"


@pytest.mark.parametrize("name", ["DATASTORE_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"])
def test_the_environment_may_name_the_project(monkeypatch, name):
    monkeypatch.setenv("DATASTORE_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setenv(name, "of-the-environment")
    assert signed_in(configure("gae:///namespace")).project == "of-the-environment"
    assert signed_in(configure("gae://project/namespace")).project == "project"


def test_without_a_project_the_way_out_is_told(monkeypatch):
    monkeypatch.setenv("DATASTORE_EMULATOR_HOST", "127.0.0.1:1")
    with pytest.raises(Unavailable, match="GOOGLE_CLOUD_PROJECT"):
        configure("gae://").get("a:b")


def test_a_key_file_may_be_given(key_file, account):
    for given in (str(key_file), key_file, account):
        backend = configure({"URL": "gae://", "OPTIONS": {"credentials": given}})
        assert signed_in(backend).project == "of-the-account"
    assert signed_in(configure(f"gae://project?credentials={key_file}")).project == "project"


def test_googles_default_credentials_are_taken(monkeypatch, key_file):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
    assert signed_in(configure("gae://")).project == "of-the-account"


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"type": "service_account"}'])
def test_bad_credentials_are_told_with_the_way_out_and_not_shown(tmp_path, content):
    path = tmp_path / "secret-name.json"
    if content:
        path.write_text(content)
    backend = configure(f"gae://project/namespace?credentials={path}")
    with pytest.raises(Unavailable, match="gcloud auth application-default login") as caught:
        backend.get("a:b")
    assert caught.value.__cause__ is not None
    assert "secret-name" not in str(caught.value)
    assert "secret-name" not in repr(backend)


def test_no_credentials_at_all_are_told_with_the_way_out():
    with pytest.raises(Unavailable, match="gcloud auth application-default login"):
        configure("gae://project/namespace").get("a:b")


def test_credentials_in_options_are_not_shown(account):
    backend = configure({"URL": "gae://project", "OPTIONS": {"credentials": account}})
    assert signed_in(backend).project == "project"
    assert "PRIVATE KEY" not in repr(backend)


def test_deploying_on_an_emulator_is_warned_of(monkeypatch):
    backend = configure("gae://project")
    assert list(backend.check(deploy=True)) == []
    monkeypatch.setenv("DATASTORE_EMULATOR_HOST", "127.0.0.1:8081")
    assert list(backend.check()) == []
    (warning,) = backend.check(deploy=True)
    assert warning.id == "django_kvstore.gae.W001"
    assert "'tested'" in warning.msg


def test_there_is_nothing_to_provision():
    backend = configure("gae://project")
    assert backend.provision() is False
    assert DatastoreBackend.provision is Backend.provision
