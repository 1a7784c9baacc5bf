"""A browser of the services that are announced on this machine's loopback."""

from __future__ import annotations

import threading

from zeroconf import ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf


class Browser(ServiceListener):
    """What another program finds, by name. ``kinds`` are types of services, such as ``_osc._udp``."""

    def __init__(self, *kinds: str) -> None:
        self._found: dict[str, ServiceInfo | None] = {}
        self._lock = threading.Lock()
        self._zeroconf = Zeroconf(interfaces=["127.0.0.1"])
        self._browser = ServiceBrowser(self._zeroconf, [f"{kind}.local." for kind in kinds], self)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._zeroconf.close()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        info = zc.get_service_info(type_, name)
        with self._lock:
            self._found[name] = info

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        with self._lock:
            self._found.pop(name, None)

    def begin_with(self, beginning: str) -> dict[str, ServiceInfo]:
        with self._lock:
            return {name: info for name, info in self._found.items() if info and name.startswith(beginning)}
