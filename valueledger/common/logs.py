"""One JSON object per line, with the request's id, and never a secret from an address."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")  # here and not beside the audit: logging is set up before any model

# The path segments in front of which a secret stands in an address: links in mails, first run, invitations, password resets.
SECRET = re.compile(r"(/(?:p|me/enter|setup|join|portal|unsubscribe|account/password/reset/key)/)[^/?\s\"']+")
BEARER = re.compile(r"(?i)(bearer\s+|token=|password=|code=)[^\s&\"']+")
EXTRA = ("method", "path", "status", "milliseconds", "task", "counts", "user_id", "workspace_id")


def masked(text: str) -> str:
    return BEARER.sub(r"\1***", SECRET.sub(r"\1***", text))


class JSONFormatter(logging.Formatter):
    """json.dumps escapes line ends, so a name typed by somebody cannot forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        for name in EXTRA:
            if name in record.__dict__:
                value = record.__dict__[name]
                line[name] = masked(value) if isinstance(value, str) else value
        if record.exc_info:
            line["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
