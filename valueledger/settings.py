"""One settings file, read top to bottom. Every variable is described in docs/operations.md."""

from pathlib import Path
from urllib.parse import urlsplit

from valueledger import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")

# Who we are to the outside. https in PUBLIC_URL switches every rule on that needs it.

DEBUG = env.flag("DEBUG")
PUBLIC_URL = env.web_address("PUBLIC_URL", "http://127.0.0.1:8000")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
SECURE = PUBLIC_URL.startswith("https://")
SECRET_KEY = env.secret("SECRET_KEY", VAR_DIR / "secret_key")
ALLOWED_HOSTS = sorted({PUBLIC_HOST, "127.0.0.1", "localhost", "[::1]", *env.words("ALLOWED_HOSTS", [])})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, most=10)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# What it is made of

INSTALLED_APPS = [
    "valueledger.apps.ValueLedgerConfig",
    "valueledger.common",
    "relationships",
    "exchanges",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.forms",  # the templates of its widgets, for our renderer
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "valueledger.common.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "valueledger.common.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "valueledger.common.requests.RefuseNulBytesMiddleware",
    "valueledger.common.requests.RefuseLargeBodiesMiddleware",
    "valueledger.common.errors.UnavailableMiddleware",
    "valueledger.common.requests.PrivateAnswersMiddleware",
    "valueledger.common.requests.RefuseGuessingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "valueledger.middleware.SignInRequiredMiddleware",
    "valueledger.middleware.WorkspaceMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "valueledger.urls"
WSGI_APPLICATION = "valueledger.wsgi.application"
ASGI_APPLICATION = "valueledger.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "valueledger.middleware.member",
            ],
        },
    },
]

# Where rows live

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'valueledger.sqlite3'}")}
DATABASE = DATABASES["default"]
DATABASE["CONN_MAX_AGE"] = env.integer("DATABASE_CONN_MAX_AGE", 300)
DATABASE["CONN_HEALTH_CHECKS"] = True
DATABASE_PREPARED = env.flag("DATABASE_PREPARED", True)
if DATABASE["ENGINE"].endswith("sqlite3"):
    # Measured: DEFERRED loses 115 of 240 concurrent updates to "database is locked" whatever the timeout says; IMMEDIATE loses none.
    DATABASE["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA cache_size=-32000",
    }
else:
    DATABASE["DISABLE_SERVER_SIDE_CURSORS"] = True  # a pooler in transaction mode loses them
    DATABASE.setdefault("OPTIONS", {}).update({"connect_timeout": 5, "options": "-c statement_timeout=60000 -c lock_timeout=20000"})

# In the database, so that sign-in limits hold across processes and a page never waits for Redis.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache", "OPTIONS": {"MAX_ENTRIES": 100_000}}}

# The broker carries only beat's ticks: rows are the queue.

REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 600,
        "socket_timeout": 3,
        "socket_connect_timeout": 3,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
    }
    if REDIS_URL
    else {}
)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 8.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_DB_REUSE_MAX = 1000  # a connection per task would cost six milliseconds each
CELERY_VALUELEDGER_WATCHDOG_SECONDS = env.integer("WORKER_WATCHDOG_SECONDS", 120)
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "valueledger.beat:SteadyScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 0.3  # it sleeps in one piece, and stopping waits for it


def _tick(task: str, seconds: int) -> dict[str, object]:
    """A tick that has waited for a whole period is worth nothing: the next one is there. A busy worker gets it a few seconds late."""
    return {"task": f"exchanges.tasks.{task}", "schedule": float(seconds), "options": {"expires": float(max(seconds, 5))}}


HEARTBEAT_SECONDS = 5
SCAN_SECONDS = env.integer("SCAN_SECONDS", 5, least=1, most=60)
CELERY_BEAT_SCHEDULE = {
    "heartbeat": _tick("heartbeat", HEARTBEAT_SECONDS),
    "sweep_outbox": _tick("sweep_outbox", SCAN_SECONDS),
    "sweep_imports": _tick("sweep_imports", SCAN_SECONDS),
    "sweep_digests": _tick("sweep_digests", 12 * SCAN_SECONDS),
    "sweep_prompts": _tick("sweep_prompts", 2 * SCAN_SECONDS),
    "sweep_rounds": _tick("sweep_rounds", 2 * SCAN_SECONDS),
    "nightly": _tick("nightly", 3600),
}

# Mail: files in var/mail unless a server is named

MAIL_FROM = env.text(
    "MAIL_FROM", f"Value Ledger <ledger@{PUBLIC_HOST if '.' in PUBLIC_HOST and not PUBLIC_HOST[0].isdigit() else 'localhost.localdomain'}>"
)
DEFAULT_FROM_EMAIL = MAIL_FROM
SERVER_EMAIL = MAIL_FROM
EMAIL_SUBJECT_PREFIX = ""
EMAIL_TIMEOUT = 15
MAIL_DIR = VAR_DIR / "mail"
EMAIL_BACKEND = "valueledger.common.mailfiles.EmailBackend"
SMTP = env.mail_server("SMTP_URL")
if SMTP:
    EMAIL_BACKEND = "valueledger.common.mailing.EmailBackend"
    globals().update(SMTP)

# Signing in: by e-mail and password or a code, never by signing up

AUTH_USER_MODEL = "relationships.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ["email"]}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_ADAPTER = "valueledger.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an owner vouches for the address of a member; sign-up is closed
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session goes on under a new key; Django ends all the others
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/10m/ip,5/10m/key",
    "reset_password": "20/m/ip,5/10m/key",
    "request_login_code": "20/m/ip,5/10m/key",
}
MFA_ADAPTER = "valueledger.accounts.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Value Ledger"
MFA_TOTP_TOLERANCE = 1

# Sessions, cookies, headers

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_SECONDS = env.integer("SESSION_IDLE_HOURS", 24, least=1) * 3600
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "valueledger.common.errors.csrf_failure"
SECURE_SSL_REDIRECT = SECURE and env.flag("SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"  # under no-referrer browsers send "Origin: null" and Django refuses the form
X_FRAME_OPTIONS = "DENY"

# Named and shaped as in Django 6: the middleware goes when that version comes.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
    "frame-ancestors": ["'none'"],
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_PERMISSIONS = 0o600
IMPORT_MAX_BYTES = env.integer("IMPORT_MAX_MB", 64, least=1) * 1_048_576

# Files the browser loads

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # nobody has to run collectstatic
WHITENOISE_AUTOREFRESH = DEBUG

# Language, time, API, logs

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["valueledger.common.api.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["valueledger.common.api.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "valueledger.common.api.problem_details",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Value Ledger",
    "DESCRIPTION": "What each side of a relationship gave and got, in its own words, and how fair it feels to each.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": True,
    "POSTPROCESSING_HOOKS": ["valueledger.common.api.document_problems"],  # choices stay where they are used: "kind" means four things
}

LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "valueledger.common.logs.JSONFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        "django.request": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
    },
}
