"""What h11 says: each line of input is the bytes of one connection in base64, each line of output a reading in JSON.

A message gets a connection of its own that begins where the last one ended, for three habits of h11 that are its
server's, not its grammar's: no empty line before a request (RFC 9112 2.2 allows one), no keep-alive for HTTP/1.0,
and a halt after a wish for an upgrade.
"""
import base64
import json
import sys

import h11

LATIN1 = "latin-1"


def pairs(headers):
    return [[name.decode(LATIN1), value.decode(LATIN1)] for name, value in headers.raw_items()]


def read_message(data):
    """(message or None, bytes that follow or None when the connection is over, fault)"""
    if data.startswith(b"\r\n"):
        data = data[2:]
    if not data:
        return None, None, ""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    message = None
    body = b""
    try:
        connection.receive_data(data)
        connection.receive_data(b"")
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                message = {
                    "method": event.method.decode(LATIN1),
                    "target": event.target.decode(LATIN1),
                    "minorVersion": int(event.http_version[-1:]),
                    "fields": pairs(event.headers),
                    "trailers": [],
                    "body": "",
                    "complete": False,
                }
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                message["trailers"] = pairs(event.headers)
                message["complete"] = True
                message["body"] = body.decode(LATIN1)
                rest = connection.trailing_data[0]
                return message, rest if goes_on(connection, request) else None, ""
            else:
                return message, None, f"unexpected {event}"
    except h11.RemoteProtocolError as error:
        if message is not None:
            message["body"] = body.decode(LATIN1)
        return message, None, str(error) or "refused"


def goes_on(connection, request):
    options = [
        option.strip().lower()
        for name, value in request.headers
        if name == b"connection"
        for option in value.split(b",")
    ]
    if b"close" in options:
        return False
    is_kept = request.http_version == b"1.0" and b"keep-alive" in options
    return is_kept or connection.their_state is not h11.MUST_CLOSE


def read(data):
    messages = []
    fault = ""
    while data:
        message, data, fault = read_message(data)
        if message is not None:
            messages.append(message)
    return {"messages": messages, "fault": fault}


for line in sys.stdin:
    sys.stdout.write(json.dumps(read(base64.b64decode(line))) + "\n")
    sys.stdout.flush()
