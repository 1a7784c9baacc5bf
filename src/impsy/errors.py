"""Every error IMPSY raises on purpose. The branch says whose fault it is.

::

    ImpsyError
    ├── ConfigError     the configuration file, or a command's options
    │   └── ConfigSyntaxError   not TOML at all
    ├── DeviceError     a port, a socket, a disk: the machine refused
    ├── PeerError       something that arrived from outside is malformed
    ├── DataError       a log or a dataset
    └── ModelError      a model file, or what a model computed

The message says what is wrong, where (file and key, port, line) and what to do about it.
"""

from __future__ import annotations

import errno

__all__ = [
    "ConfigError",
    "ConfigSyntaxError",
    "DataError",
    "DeviceError",
    "ImpsyError",
    "ModelError",
    "PeerError",
    "refusal",
]


class ImpsyError(Exception):
    """Base of all errors that IMPSY raises on purpose; its text is fit to show to a user."""


class ConfigError(ImpsyError):
    """The configuration (a file, or a command's options) asks for something impossible."""


class ConfigSyntaxError(ConfigError):
    """The configuration file is not valid TOML."""


class DeviceError(ImpsyError):
    """A port, a socket or a disk cannot be used."""


class PeerError(ImpsyError):
    """Something that arrived from outside does not follow its protocol.

    ``kind`` is a short stable key: reports are made once for each kind.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class DataError(ImpsyError):
    """A log or a dataset cannot be used."""


class ModelError(ImpsyError):
    """A model file cannot be opened, or a model computed something unusable."""


_REMEDIES = {
    errno.EACCES: "change its owner or its permissions",
    errno.EPERM: "change its owner or its permissions",
    errno.EROFS: "make that disk writable",
    errno.ENOSPC: "make room on the disk",
}


def refusal(error: OSError, remedy: str) -> str:
    """Why the system refused a file, and what to do: ``(No space left on device); make room on the disk, or …``.

    Args:
        error: what the system said.
        remedy: what helps in any case, such as "name another file".
    """
    known = _REMEDIES.get(error.errno or 0)
    return f"({error.strerror or error}); {f'{known}, or {remedy}' if known else remedy}"
