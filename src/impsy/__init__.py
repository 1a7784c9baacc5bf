"""IMPSY: an instrument that listens to how you play, learns it, and plays with you.

Importing this loads nothing: each name below is loaded when it is first used, NumPy with the first that needs it,
Keras and JAX by :func:`train` alone.
"""

from importlib import import_module

from impsy.version import __version__

TYPE_CHECKING = False  # as in typing, which would take longer to load than all else here
if TYPE_CHECKING:
    from impsy import errors as errors, events as events, testing as testing
    from impsy.api import (
        collect as collect,
        evaluate as evaluate,
        load_dataset as load_dataset,
        read_log as read_log,
        replay as replay,
        save_dataset as save_dataset,
        train as train,
    )
    from impsy.config import LoadedConfig as LoadedConfig, load_config as load_config, parse_config as parse_config
    from impsy.data.datasets import Dataset as Dataset
    from impsy.data.logs.reading import Log as Log
    from impsy.engine import Engine as Engine
    from impsy.errors import (
        ConfigError as ConfigError,
        DataError as DataError,
        DeviceError as DeviceError,
        ImpsyError as ImpsyError,
        ModelError as ModelError,
        PeerError as PeerError,
    )
    from impsy.evaluation import Report as Report
    from impsy.events import (
        Interaction as Interaction,
        Play as Play,
        Predictor as Predictor,
        Record as Record,
        Released as Released,
        Set as Set,
        Unplugged as Unplugged,
        Update as Update,
    )
    from impsy.io import Adapter as Adapter, Health as Health
    from impsy.models.mixture import Mixture as Mixture
    from impsy.models.opening import OpenedModel as OpenedModel, open_model as open_model
    from impsy.perform import (
        Ports as Ports,
        Session as Session,
        WantedPorts as WantedPorts,
        build_session as build_session,
    )
    from impsy.settings import Settings as Settings
    from impsy.training.learning import Learned as Learned

_MODULES = {
    "impsy": ("errors", "events", "testing"),
    "impsy.api": ("collect", "evaluate", "load_dataset", "read_log", "replay", "save_dataset", "train"),
    "impsy.config": ("LoadedConfig", "load_config", "parse_config"),
    "impsy.data.datasets": ("Dataset",),
    "impsy.data.logs.reading": ("Log",),
    "impsy.engine": ("Engine",),
    "impsy.errors": ("ConfigError", "DataError", "DeviceError", "ImpsyError", "ModelError", "PeerError"),
    "impsy.evaluation": ("Report",),
    "impsy.events": ("Interaction", "Play", "Predictor", "Record", "Released", "Set", "Unplugged", "Update"),
    "impsy.io": ("Adapter", "Health"),
    "impsy.models.mixture": ("Mixture",),
    "impsy.models.opening": ("OpenedModel", "open_model"),
    "impsy.perform": ("Ports", "Session", "WantedPorts", "build_session"),
    "impsy.settings": ("Settings",),
    "impsy.training.learning": ("Learned",),
}
"""Where each public name is; the imports above are the same, for editors and type checkers."""
_HOME = {name: module for module, names in _MODULES.items() for name in names}
__all__ = ["__version__", *_HOME]  # noqa: PLE0604 - they are strings


if not TYPE_CHECKING:  # type checkers would take every name for one that is there

    def __getattr__(name: str) -> object:
        """Load what is behind a public name, the first time that it is used."""
        module = _HOME.get(name)
        if module is None:
            raise AttributeError(f"module 'impsy' has no attribute {name!r}")
        found = import_module(f"impsy.{name}") if module == "impsy" else getattr(import_module(module), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
