"""What a vendor's `streams.py` is written in: authenticator, paginator, window, stream, and what is uncertain of them.

Values only: how they are used stands in `cdr.reading`. What a `streams.py` needs, errors included, is imported here.
"""

from cdr.schema.columns import ISSUES
from cdr.schema.errors import BodyError, ConfigError, TransientError, quoted
from cdr.vendor.authenticators import (
    Authenticator,
    GivenToken,
    Login,
    LoginClient,
    LoginRefusedError,
    LoginToken,
    Token,
)
from cdr.vendor.config import Config
from cdr.vendor.credentials import Basic, HeaderKey, JwtGrant
from cdr.vendor.dialects import Form, Uncertain
from cdr.vendor.filters import DayWindow, EpochWindow, IsoWindow
from cdr.vendor.paginators import NextLink, NextToken, PageInfo, PageNumber, Paginator, SinglePage, SkipTop
from cdr.vendor.recordings import RecordingFileStream
from cdr.vendor.request import Request
from cdr.vendor.stream import Ask, CallStream, Envelope, Stream
from cdr.vendor.windows import Period, Window, plain, utc_text

__all__ = [
    "ISSUES",
    "Ask",
    "Authenticator",
    "Basic",
    "BodyError",
    "CallStream",
    "Config",
    "ConfigError",
    "DayWindow",
    "Envelope",
    "EpochWindow",
    "Form",
    "GivenToken",
    "HeaderKey",
    "IsoWindow",
    "JwtGrant",
    "Login",
    "LoginClient",
    "LoginRefusedError",
    "LoginToken",
    "NextLink",
    "NextToken",
    "PageInfo",
    "PageNumber",
    "Paginator",
    "Period",
    "RecordingFileStream",
    "Request",
    "SinglePage",
    "SkipTop",
    "Stream",
    "Token",
    "TransientError",
    "Uncertain",
    "Window",
    "plain",
    "quoted",
    "utc_text",
]
