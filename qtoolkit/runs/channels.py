"""The way between a browser and a kernel in JupyterLab as `qtoolkit lab` starts it: every message
is sent at once.

A web socket otherwise waits for what was sent before to be acknowledged (Nagle's algorithm), some
40 ms each time: a slider would stammer.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """For `ServerApp.kernel_websocket_connection_class`."""

    def connect(self) -> Any:
        self.websocket_handler.set_nodelay(True)
        return super().connect()
