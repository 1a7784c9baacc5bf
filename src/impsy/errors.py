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

__all__ = [
    "ConfigError",
    "ConfigSyntaxError",
    "DataError",
    "DeviceError",
    "ImpsyError",
    "ModelError",
    "PeerError",
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
