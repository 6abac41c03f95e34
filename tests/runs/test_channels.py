"""Messages between browser and kernel are sent at once, in JupyterLab as `qtoolkit lab` starts
it."""

from unittest import mock

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from qtoolkit.runs import channels, lab


def test_jupyterlab_is_started_with_the_prompt_connection(tmp_path):
    (option,) = [word for word in lab.command(tmp_path) if "websocket_connection" in word]
    module, _, name = option.rpartition("=")[2].rpartition(".")
    assert getattr(channels, name) is channels.PromptConnection
    assert module == channels.__name__


def test_a_connection_does_not_wait_before_it_sends():
    handler = mock.Mock()
    with (
        mock.patch.object(channels.PromptConnection, "websocket_handler", handler),
        mock.patch.object(ZMQChannelsWebsocketConnection, "connect", return_value=7) as usual,
    ):
        connection = channels.PromptConnection.__new__(channels.PromptConnection)
        assert connection.connect() == 7
    handler.set_nodelay.assert_called_once_with(True)
    usual.assert_called_once_with()
