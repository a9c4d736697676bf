"""JSON-RPC requests, with every failure as one line that does not give away the node's URL."""

from typing import Any, cast

from requests import RequestException
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from keel.errors import RpcError

METHOD_NOT_FOUND = -32601

_TIMEOUT_SECONDS = 60.0


class Rpc:
    """A node's JSON-RPC interface.

    Args:
        url: HTTP address of the node; it may hold an access key, so it is never shown.
    """

    def __init__(self, url: str) -> None:
        # Whoever sends transactions must decide about retries: a lost answer is not a lost request.
        options = {"timeout": _TIMEOUT_SECONDS}
        self._provider = HTTPProvider(url, request_kwargs=options, exception_retry_configuration=None)

    def request(self, method: str, *params: Any) -> Any:
        """The node's answer.

        Raises:
            RpcError: No answer, or a refusal.
        """
        try:
            answer: Any = self._provider.make_request(RPCEndpoint(method), list(params))
        except (RequestException, OSError, ValueError) as problem:
            kind = type(problem).__name__
            raise RpcError(f"the node does not answer ({kind})", "check that it runs, and its URL") from None
        if "error" in answer:
            raise _refusal(method, answer["error"])
        return answer.get("result")

    def number(self, method: str, *params: Any) -> int:
        """An answer that is a number."""
        return int(cast(str, self.request(method, *params)), 16)


def _refusal(method: str, error: Any) -> RpcError:
    if not isinstance(error, dict):
        return RpcError(f"the node refused {method} ({error})")
    message, code = str(error.get("message", "no reason")), int(error.get("code", 0))
    return RpcError(f"the node refused {method} ({message})", code=code, data=_revert_data(error.get("data")))


def _revert_data(data: Any) -> bytes | None:
    """Revert data; some nodes wrap it in an object."""
    if isinstance(data, dict):
        data = data.get("data", data.get("output"))
    if not isinstance(data, str):
        return None
    try:
        return bytes.fromhex(data.removeprefix("Reverted ").removeprefix("0x"))
    except ValueError:
        return None
