"""Typed readers of the environment that fail loudly; every name read is listed in docs/operations.md."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

READ: set[str] = set()  # every variable asked for: a test compares it with the operator's table

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def _raw(name: str) -> str | None:
    READ.add(name)
    value = os.environ.get(name)
    return None if value is None else value.strip()


def text(name: str, default: str = "") -> str:
    """Set to nothing counts as not set: a compose file passes on variables that nobody filled in."""
    return _raw(name) or default


def flag(name: str, default: bool = False) -> bool:
    value = _raw(name)
    if not value:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    value = _raw(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} must lie between {least} and {most}, not {number}.")
    return number


def words(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    value = _raw(name)
    if not value:
        return default
    return [word.strip() for word in value.split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    """A folder that exists afterwards, readable by its owner alone when we have to make it."""
    path = Path(text(name) or default).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {path} cannot be made ({error.strerror}).") from None
    return path


def web_address(name: str, default: str) -> str:
    """An http or https address without a path, and without a slash at its end."""
    value = (text(name) or default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"{name} must look like https://ledger.example.org, not {value!r}.")
    return value


def database(name: str, default: str) -> dict[str, Any]:
    """sqlite:////absolute/file or postgres://user:password@host:port/name."""
    value = text(name) or default
    config = dict(environ.Env.db_url_config(value))
    if config.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with sqlite:// or postgres://.")
    return config


def mail_server(name: str) -> dict[str, Any] | None:
    """smtp://, smtp+tls:// (STARTTLS) or smtps:// with user:password@host:port; None when unset."""
    value = text(name)
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"smtp", "smtp+tls", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must look like smtp+tls://user:password@host:587.")
    standard = {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme]
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or standard,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": _seconds(name, parse_qs(parts.query).get("timeout", ["15"])[0]),
    }


def _seconds(name: str, typed: str) -> int:
    if not typed.isdecimal() or int(typed) == 0:
        raise ImproperlyConfigured(f"{name}: the timeout must be whole seconds, not {typed!r}.")
    return int(typed)


def secret(name: str, path: Path) -> str:
    """The variable, or the content of a file that is made on first use, readable by its owner alone."""
    value = text(name)
    if value:
        return value
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):  # another process was first: then its secret is the one
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
