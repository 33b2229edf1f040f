class RpcError(Exception):
    """The service answered with an error."""

    def __init__(self, method: str, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class TransportError(Exception):
    """There was no answer, or none in JSON-RPC. The call may have run or not."""

    def __init__(self, method: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{method}: {message}")
        self.method = method
        self.message = message
        self.status = status


class Unset(enum.Enum):
    """The type of UNSET, which stands for a param that is left out."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET


class _Transport:
    """Sends the calls of a client, each on a connection of its own. It may be used by several threads at once."""

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str] | None,
        token_header: str,
        headers: Mapping[str, str] | None,
        timeout: float,
        max_response: int,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a service: it begins with http:// or https://")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._token = token
        self._token_header = token_header
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._max_response = max_response
        self._ssl_context = ssl_context
        self._ids = itertools.count(1)

    def call(self, method: str, params: Any) -> Any:
        call_id = next(self._ids)
        status, body = self._post(method, {"jsonrpc": "2.0", "id": call_id, "method": method}, params)
        try:
            answer = json.loads(body)
        except ValueError as failure:
            raise TransportError(method, f"HTTP {status} with a body that is not JSON", status) from failure
        if not isinstance(answer, dict):
            raise TransportError(method, f"HTTP {status} with a body that does not answer the call", status)
        error = answer.get("error")
        if error is not None and answer.get("id") in (call_id, None):
            if not isinstance(error, dict) or type(error.get("code")) is not int or not isinstance(error.get("message"), str):
                raise TransportError(method, "an error without a code and a message", status)
            raise RpcError(method, error["code"], error["message"], error.get("data"))
        if answer.get("id") != call_id or "result" not in answer or status != 200:
            raise TransportError(method, f"HTTP {status} with a body that does not answer the call", status)
        return answer["result"]

    def notify(self, method: str, params: Any) -> None:
        status, _ = self._post(method, {"jsonrpc": "2.0", "method": method}, params)
        if status not in (200, 202, 204):
            raise TransportError(method, f"HTTP {status} for a notification", status)

    def _post(self, method: str, message: dict[str, Any], params: Any) -> tuple[int, bytes]:
        if params is not None:
            message["params"] = params
        body = json.dumps(message, allow_nan=False).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        token = self._token() if callable(self._token) else self._token
        if token:
            headers[self._token_header] = token.strip()  # a file ends with a line feed, which no header can have
        connection: http.client.HTTPConnection
        if self._secure:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._ssl_context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            content = response.read(self._max_response + 1)
        except (OSError, http.client.HTTPException) as failure:
            raise TransportError(method, f"no answer: {failure!r}") from failure
        finally:
            connection.close()
        if len(content) > self._max_response:
            raise TransportError(method, f"the answer is longer than {self._max_response} bytes", response.status)
        return response.status, content


def _named(*params: tuple[str, Any]) -> dict[str, Any]:
    """Returns params by name, without those that are left out."""
    return {name: value for name, value in params if value is not UNSET}


def _positional(*params: Any) -> list[Any]:
    """Returns params in their order, without those at the end that are left out."""
    values = list(params)
    while values and values[-1] is UNSET:
        values.pop()
    return [None if value is UNSET else value for value in values]
