"""The Faust transport `local://PATH`: one process consumes, any number may publish."""

import os
from functools import cached_property
from typing import Any, ClassVar

from faust.transport import base
from faust.types import AppT
from faust.types.transports import ConsumerT, ProducerT
from yarl import URL

from controls.kernel import Refusal

from .broker import Broker
from .consumer import Consumer
from .producer import Producer


class Transport(base.Transport):
    """Faust over a folder: `local://./data/log` or `local:///srv/shoseki/log`.

    Consumer and producer share the broker of this process for the folder.
    """

    Consumer: ClassVar[type[ConsumerT]] = Consumer
    Producer: ClassVar[type[ProducerT]] = Producer
    default_port = 0
    driver_version = "local=1"

    def __init__(self, url: list[URL], app: AppT, **options: Any) -> None:
        super().__init__(url, app, **options)
        self.path = folder_of(url[0])

    @cached_property
    def broker(self) -> Broker:
        """The log that this transport reads and writes."""
        return Broker.shared(self.path)


def folder_of(url: URL) -> str:
    """The folder a `local://` URL means; relative ones start with `./` or `../`."""
    host = url.raw_host or ""
    if host not in ("", ".", "..") or not url.path.strip("/"):
        raise Refusal(f"{url}: not a folder; write local://./data/log or local:///srv/shoseki/log")
    return os.path.abspath(host + url.path)
