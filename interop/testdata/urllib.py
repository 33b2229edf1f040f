"""Calls the service at a URL with Python's standard library.

Each line of the input says in JSON what to send; each line of the output says what came of it.
"""
import itertools
import json
import sys
import urllib.error
import urllib.request

url, token = sys.argv[1:3]
ids = itertools.count(0)  # 0 is an id like any other


def envelope(request):
    message = {"jsonrpc": "2.0", "method": request["method"]}
    if "params" in request:
        message["params"] = request["params"]
    if not request.get("notification"):
        message["id"] = next(ids)
    return message


def post(message):
    """Returns the reply, None if it is empty."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["X-Api-Token"] = token
    body = json.dumps(message).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as response:
        text = response.read()
    return json.loads(text) if text else None


def run(order):
    sent = [envelope(request) for request in order["requests"]]
    try:
        reply = post(sent if order.get("batch") else sent[0])
    except (urllib.error.URLError, ValueError) as error:
        return {"broken": str(error)}
    replies = reply if isinstance(reply, list) else [reply]

    def answer_to(message):
        if "id" not in message:
            return {}
        return next((r for r in replies if r["id"] in (message["id"], None)), None)

    return {"outcomes": [answer_to(message) for message in sent]}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
