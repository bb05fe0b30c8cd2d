"""Fifty clients at once on one account: every answer right, no message lost, and prompt at a learner's pace.

The saturated rate is compared with that of the bare emulators: the same requests, sent on by the same server
with no gateway in it. The figures are printed (``make soak ARGS=-s``).
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import multiprocessing
import os
import random
import socket
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.synchronize import Event
from pathlib import Path
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import aiohttp
import pytest
import uvicorn
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from cloudlings.sandbox import Sandbox, sigv4
from cloudlings.sandbox.emulators import ministack, moto
from cloudlings.sandbox.emulators.process import ProcessEmulator
from cloudlings.sandbox.gateway import Receive, Scope, Send, _read_body, _request, _send
from cloudlings.sandbox.operations import service_index
from cloudlings.sandbox.routes import BY_SERVICE
from cloudlings.sandbox.upstream import Upstream

ACCOUNT = "111122223333"
CLIENTS = 50
OFFERED = 200
"""Requests a second of the paced run."""
PACED = float(os.environ.get("CLOUDLINGS_SOAK_FLOOD", "60"))
SATURATED = PACED / 3
P99 = 0.100


@dataclass
class Target:
    """Where requests go, and whose they are."""

    keys: Credentials
    session: aiohttp.ClientSession
    base: str

    async def send(
        self, service: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        request = AWSRequest(method, self.base + path, data=body, headers=headers or {})
        SigV4Auth(self.keys, service, "us-east-1").add_auth(request)
        url = URL(self.base + path, encoded=True)
        headers = dict(request.headers)
        async with self.session.request(method, url, data=body or None, headers=headers) as answer:
            return answer.status, await answer.read()


@dataclass
class Tally:
    """What came of a run: seconds by request, wrong answers by what was wrong, messages sent and received."""

    took: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    sent: set[str] = field(default_factory=set)
    received: set[str] = field(default_factory=set)

    def expect(self, condition: bool, what: str) -> None:
        if not condition:
            self.wrong[what] += 1


class Client:
    """One of the fifty: things of its own, and one queue that all share."""

    def __init__(self, number: int, target: Target, tally: Tally) -> None:
        self.number = number
        self._to = target
        self._tally = tally
        self._count = itertools.count()
        self._kinds = itertools.cycle([self.s3, self.dynamodb, self.sqs, self.ec2])
        for _ in range(number % 4):
            next(self._kinds)

    async def step(self) -> None:
        """One piece of work: two to four requests whose answers must agree."""
        await next(self._kinds)()

    async def _timed(self, what: str, *request: object, **named: object) -> bytes:
        began = time.perf_counter()
        status, body = await self._to.send(*request, **named)  # type: ignore[arg-type]
        self._tally.took.append(time.perf_counter() - began)
        self._tally.expect(status < 300, f"{what}: {status} {body[:120]!r}")
        return body

    async def s3(self) -> None:
        path = f"/flood/{self.number}/{next(self._count)}"
        body = os.urandom(random.choice((100, 2_000, 20_000)))
        await self._timed("PutObject", "s3", "PUT", path, body)
        got = await self._timed("GetObject", "s3", "GET", path)
        self._tally.expect(got == body, "an object with other contents")
        await self._timed("DeleteObject", "s3", "DELETE", path)

    async def _json(self, service: str, target: str, said: dict[str, object]) -> dict[str, object]:
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
        body = await self._timed(target, service, "POST", "/", json.dumps(said).encode(), headers)
        try:
            found: dict[str, object] = json.loads(body or b"{}")
        except ValueError:
            found = {}
        return found

    async def dynamodb(self) -> None:
        key = {"pk": {"S": f"{self.number}-{next(self._count) % 20}"}}
        call = functools.partial(self._json, "dynamodb")
        value = {"S": str(random.random())}
        await call("DynamoDB_20120810.PutItem", {"TableName": "flood", "Item": key | {"v": value}})
        found = await call(
            "DynamoDB_20120810.GetItem", {"TableName": "flood", "Key": key, "ConsistentRead": True}
        )
        self._tally.expect(found.get("Item", {}).get("v") == value, "an item with another value")  # type: ignore[attr-defined]

    async def sqs(self) -> None:
        url = f"{self._to.base}/{ACCOUNT}/flood"
        word = f"{self.number}-{next(self._count)}"
        await self._json("sqs", "AmazonSQS.SendMessage", {"QueueUrl": url, "MessageBody": word})
        self._tally.sent.add(word)
        await self.take(url)

    async def take(self, url: str) -> int:
        said = {"QueueUrl": url, "MaxNumberOfMessages": 10}
        found = await self._json("sqs", "AmazonSQS.ReceiveMessage", said)
        messages: list[dict[str, str]] = found.get("Messages", [])  # type: ignore[assignment]
        for message in messages:
            self._tally.received.add(message["Body"])
            handle = message["ReceiptHandle"]
            await self._json("sqs", "AmazonSQS.DeleteMessage", {"QueueUrl": url, "ReceiptHandle": handle})
        return len(messages)

    async def _ec2(self, action: str, **parameters: str) -> ElementTree.Element:
        form = urlencode({"Action": action, "Version": "2016-11-15", **parameters}, quote_via=quote)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = await self._timed(action, "ec2", "POST", "/", form.encode(), headers)
        return ElementTree.fromstring(body)

    async def ec2(self) -> None:
        name = f"flood-{self.number}-{next(self._count)}"
        made = await self._ec2("CreateSecurityGroup", GroupName=name, GroupDescription=name)
        group = made.findtext("{*}groupId") or ""
        found = await self._ec2("DescribeSecurityGroups", **{"GroupId.1": group})
        self._tally.expect(found.findtext(".//{*}groupName") == name, "another security group")
        await self._ec2("DeleteSecurityGroup", GroupId=group)


async def prepare(target: Target) -> None:
    """The bucket, the table and the queue."""
    client = Client(0, target, tally := Tally())
    await client._timed("CreateBucket", "s3", "PUT", "/flood")
    table = {
        "TableName": "flood", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    }  # fmt: skip
    await client._json("dynamodb", "DynamoDB_20120810.CreateTable", table)
    await client._json("sqs", "AmazonSQS.CreateQueue", {"QueueName": "flood"})
    assert not tally.wrong, tally.wrong


async def saturate(target: Target, seconds: float) -> tuple[Tally, float]:
    """Each client as fast as it can; the requests a second over all."""
    tally = Tally()
    until = time.perf_counter() + seconds

    async def work(client: Client) -> None:
        while time.perf_counter() < until:
            await client.step()

    await asyncio.gather(*(work(Client(number, target, tally)) for number in range(CLIENTS)))
    rate = len(tally.took) / seconds
    await drain(target, tally)
    return tally, rate


async def pace(target: Target, seconds: float) -> Tally:
    """So many requests a second offered, whether or not the answers keep up."""
    tally = Tally()
    clients = [Client(number, target, tally) for number in range(CLIENTS)]
    # A piece of work is three requests, more or less: this many pieces a second.
    pause = statistics.mean((3, 2, 3, 3)) / OFFERED
    began, running = time.perf_counter(), set()
    for number in itertools.count():
        at = began + number * pause
        if at - began > seconds:
            break
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        task = asyncio.ensure_future(clients[number % CLIENTS].step())
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    await drain(target, tally)
    return tally


async def drain(target: Target, tally: Tally) -> None:
    """Receive what is left in the queue."""
    client = Client(0, target, Tally())
    url = f"{target.base}/{ACCOUNT}/flood"
    while await client.take(url):
        pass
    tally.received |= client._tally.received


@asynccontextmanager
async def through_the_gateway(sandbox: Sandbox) -> AsyncIterator[Target]:
    keys = sandbox.credentials(ACCOUNT, "learner")
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        credentials = Credentials(keys.access_key_id, keys.secret_access_key)
        yield Target(credentials, session, sandbox.endpoint_url)


async def serve_bare_emulators(folder: Path, port: int, ready: Event) -> None:
    """The same emulators behind the same server, which does no more than send requests on."""
    bare: dict[str, ProcessEmulator] = {
        name: module.emulator(folder, None, f"http://127.0.0.1:{port}")
        for name, module in (("ministack", ministack), ("moto", moto))
    }
    sockets = {name: Upstream(folder / f"{name}.sock") for name in bare}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = _request(scope, secure=True)
        request = replace(request, body=await _read_body(request, receive))
        signed = sigv4.read_signature(request)
        assert isinstance(signed, sigv4.Signature)
        route = BY_SERVICE[signed.service]
        host = service_index(route.models[-1]).endpoint_prefix
        await _send(await sockets[route.emulator].send(request, ACCOUNT, host), send)

    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, interface="asgi3", http="httptools", ws="none", lifespan="off",
            log_level="warning", access_log=False,
        )
    )  # fmt: skip
    try:
        for each in bare.values():
            each.listen()
            await each.start()
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        ready.set()
        await serving
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets.values()))
        await asyncio.gather(*(each.stop() for each in bare.values()))


def _serve_bare_emulators(folder: Path, port: int, ready: Event) -> None:
    asyncio.run(serve_bare_emulators(folder, port, ready))


@asynccontextmanager
async def past_the_gateway(folder: Path) -> AsyncIterator[Target]:
    """The bare emulators, as ``serve_bare_emulators`` serves them in a process of its own."""
    spawn, port = multiprocessing.get_context("spawn"), free_port()
    ready = spawn.Event()
    server = spawn.Process(target=_serve_bare_emulators, args=(folder, port, ready))
    server.start()
    try:
        assert ready.wait(60), "the bare emulators did not start"
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            anybody = Credentials(ACCOUNT, "any")
            yield Target(anybody, session, f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.join(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def p(took: list[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * share))]


def in_sandbox(work: Callable[[Target], Awaitable[object]]) -> object:
    async def story(sandbox: Sandbox) -> object:
        async with through_the_gateway(sandbox) as target:
            await prepare(target)
            return await work(target)

    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox.start(Path(folder, "home"), port=0)
        try:
            sandbox.provision(ACCOUNT)
            return asyncio.run(story(sandbox))
        finally:
            sandbox.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_at_a_steady_pace_answers_are_right_and_prompt() -> None:
    """At 200 requests a second from fifty clients every answer is right, no message is lost, and 99 of 100
    answers come within a tenth of a second."""
    tally = in_sandbox(lambda target: pace(target, PACED))
    assert isinstance(tally, Tally)
    rate = len(tally.took) / PACED
    print(
        f"\npaced: {len(tally.took)} requests, {rate:.0f}/s; median {p(tally.took, 0.5) * 1000:.1f} ms, "
        f"p99 {p(tally.took, 0.99) * 1000:.1f} ms, worst {max(tally.took) * 1000:.0f} ms"
    )
    assert tally.wrong == {}
    assert tally.sent == tally.received
    assert p(tally.took, 0.99) < P99


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_saturated_the_gateway_does_half_of_what_the_bare_emulators_do() -> None:
    """As fast as they can, fifty clients get right answers only, at half the bare emulators' rate or more."""

    async def bare(folder: Path) -> tuple[Tally, float]:
        async with past_the_gateway(folder) as target:
            await prepare(target)
            return await saturate(target, SATURATED)

    with tempfile.TemporaryDirectory() as folder:
        alone, bare_rate = asyncio.run(bare(Path(folder)))
    found = in_sandbox(lambda target: saturate(target, SATURATED))
    assert isinstance(found, tuple)
    tally, rate = found
    ours, theirs = (p(each.took, 0.99) * 1000 for each in (tally, alone))
    print(
        f"\nsaturated: {rate:.0f}/s (p99 {ours:.0f} ms), "
        f"bare emulators through the same server {bare_rate:.0f}/s (p99 {theirs:.0f} ms): "
        f"{rate / bare_rate:.2f}"
    )
    assert tally.wrong == {}
    assert tally.sent == tally.received
    assert rate >= bare_rate / 2
