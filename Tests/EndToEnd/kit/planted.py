"""The secrets of apps/secret_server.py: its own words for them, which it cannot share with this package."""

import importlib.util

from . import places

_spec = importlib.util.spec_from_file_location("secret_words", places.APPS / "secret_words.py")
_words = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_words)

MARK, HELD, secret = _words.MARK, _words.HELD, _words.secret
