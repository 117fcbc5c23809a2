"""Each in a Python of its own: here the test kit's guard, which is stricter, would speak first."""

from __future__ import annotations

import subprocess
import sys

ELSEWHERE = "192.0.2.1"  # of a block that is kept for documents: RFC 5737

PROGRAM = f"""
import asyncio, errno, socket
from vana.kernel.errors import Unavailable
from vana.layers.classify import classify
from vana.testing import no_network

def seen(call):
    try:
        return call()
    except OSError as error:
        return type(error).__name__, errno.errorcode.get(error.errno), type(classify(error)).__name__

def connect(host):
    async def work():
        _, writer = await asyncio.open_connection(host, 9)
        writer.close()
    return lambda: asyncio.run(work())

def send():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.sendto(b"x", ("{ELSEWHERE}", 9))
    return "sent"

with no_network():
    with no_network():
        pass
    print(seen(connect("{ELSEWHERE}")))
    print(seen(send))
    print(seen(lambda: socket.getaddrinfo("name.invalid", 80)))
    print(seen(connect("127.0.0.1")))
    print(bool(socket.getaddrinfo("localhost", 80)))
try:
    send()
    print("sent")
except OSError as error:
    print(error.strerror)  # this machine has none, which is the system's to say
"""


def said() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_in_the_block_only_loopback_is_reached_and_what_is_refused_is_unavailable():
    connected, sent, looked_up, loopback, named, afterwards = said()
    assert connected == sent == "('OSError', 'ENETUNREACH', 'Unavailable')"
    assert looked_up.startswith("('gaierror'")
    assert looked_up.endswith("'Unavailable')")
    assert loopback == "('ConnectionRefusedError', 'ECONNREFUSED', 'Unavailable')"
    assert named == "True"
    assert "in this block" not in afterwards
