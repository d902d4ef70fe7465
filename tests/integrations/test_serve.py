"""Queries over HTTP, in this process; sockets are of this machine alone."""

import asyncio
import contextlib
import html
import http.client
import inspect
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading

import httpx
import numpy as np
import pytest
from fastapi import testclient

import launch
import nao
from nao.integrations import answers, connections, serve
from tests.embedding.conftest import SPACE, TINY, cost, score


@pytest.fixture(scope="module")
def embedding():
    tokens = SPACE.sample(np.random.default_rng(0), 30)
    values = {"score": score(tokens), "cost": cost(tokens)}
    return nao.Embedding.fit(SPACE, tokens, values, minimize=["cost"], config=TINY)


@pytest.fixture(scope="module")
def client(embedding):
    app = serve.create_app(embedding)
    # Errors of the server come back as a 500, as they would to a client.
    return testclient.TestClient(
        app, base_url="http://localhost", raise_server_exceptions=False
    )


ROW = "slot0=a slot1=b slot2=c slot3=a"
CHOICES = dict(part.split("=") for part in ROW.split())


def _ask(client, query, **body):
    answer = client.post(f"/{query}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_answers_are_those_of_the_embedding(client, embedding):
    forms = [ROW, [1, 2, 3, 1], CHOICES]
    found = _ask(client, "encode", architectures=forms, encoder_outputs=True)
    np.testing.assert_allclose(
        found["embeddings"], embedding.encode([ROW] * 3), rtol=1e-4
    )
    decoded = _ask(client, "decode", points=found["points"])["architectures"]
    assert decoded == embedding.format(
        embedding.decode(embedding.encoder_outputs([ROW] * 3))
    )
    drawn = _ask(client, "decode", points=found["points"][:1], num_samples=4)
    assert np.shape(drawn["architectures"]) == (1, 4)
    predicted = _ask(client, "predict", architectures=[ROW])
    np.testing.assert_allclose(
        predicted["cost"]["mean"], embedding.predict(ROW, "cost").mean, rtol=1e-5
    )
    assert list(_ask(client, "predict", architectures=[ROW], objective="cost")) == [
        "cost"
    ]


def test_choices_are_asked_for_and_answered_with_their_types():
    space = nao.spaces.custom({"a": (1, 2, None), "b": (True, False), "c": (0.5, 1.0)})
    tokens = np.concatenate(list(space.enumerate()))
    made = nao.Embedding.fit(space, tokens, np.arange(12.0), config=TINY)
    client = testclient.TestClient(serve.create_app(made), base_url="http://localhost")
    choices = {"a": None, "b": True, "c": 1}  # as JavaScript writes 1.0
    texts = {name: str(choice) for name, choice in choices.items()} | {"c": "1.0"}
    answers = [
        client.post("/encode", json={"architectures": [architecture]}).json()
        for architecture in (choices, texts, "a=None b=True c=1.0")
    ]
    assert answers[0] == answers[1] == answers[2] and "embeddings" in answers[0]


def test_ascends_under_a_bound(client, embedding):
    bound = {"name": "cost", "at_most": 120}
    found = _ask(client, "ascend", architectures=[ROW], steps=4, constraints=[bound])
    path = embedding.ascend(ROW, 4, constraints=[nao.Constraint("cost", 120)])
    assert found["best"] == path.best().architectures
    assert found["is_new"] == path.best().is_new.tolist()
    assert np.shape(found["architectures"]) == (5, 1)
    proposed = _ask(client, "propose", num=3, constraints=[bound], confidence=0)
    assert max(proposed["predicted"]["cost"]["mean"]) <= 120


def test_an_ascent_that_finds_nothing_new_says_so(client):
    found = _ask(client, "ascend", architectures=[ROW, [2, 2, 2, 2]], steps=0)
    assert found["is_new"] == [False, False] and found["best"][0] == ROW


def test_looks_around(client, embedding):
    found = _ask(client, "neighbours", architecture=ROW, k=3)
    assert found["indices"] == embedding.neighbours(ROW, 3).indices.tolist()
    among = _ask(client, "neighbours", architecture=ROW, among=[ROW, [1, 1, 1, 1]])
    assert among["architectures"][0] == ROW
    line = _ask(client, "interpolate", a=ROW, b=[2, 2, 2, 2], num=4)
    assert len(line["architectures"]) == 4
    assert len(_ask(client, "sample", num=5, near=[ROW])["architectures"]) == 5
    mapped = _ask(client, "map")
    assert np.shape(mapped["coordinates"]) == (30, 2)
    assert mapped["architectures"] == embedding.format(embedding.tokens)
    assert _ask(client, "map", architectures=[ROW])["architectures"] == [ROW]
    about = client.get("/").json()
    assert about["space"] == "toy" and about["point_shape"] == [4, 32]


# How each query of `Embedding` is asked; None where no service answers it: it makes or
# keeps an embedding, or brings architectures into another form.
SERVED = {
    "decode": "decode",
    "encode": "encode",
    "encoder_outputs": "encode",
    "gradient": "gradient",
    "ascend": "ascend",
    "interpolate": "interpolate",
    "map": "map",
    "neighbours": "neighbours",
    "pareto": "pareto",
    "pool": "pool",
    "predict": "predict",
    "predict_all": "predict",
    "propose": "propose",
    "reconstruction": "reconstruction",
    "sample": "sample",
    **dict.fromkeys(("fit", "from_workdir", "load", "save", "index")),
    **dict.fromkeys(("as_encoded", "format", "tokens_of", "to_dataframe")),
    **dict.fromkeys(("point", "points", "predict_tokens", "predictions")),
}


def test_every_query_of_an_embedding_is_served(client):
    methods = {
        name
        for name, member in inspect.getmembers(nao.Embedding, callable)
        if not name.startswith("_")
    }
    assert methods == set(SERVED)
    paths = client.get("/openapi.json").json()["paths"]
    assert {path.strip("/") for path in paths} - {""} == set(SERVED.values()) - {None}


def test_points_are_asked_about_as_architectures_are(client, embedding):
    points = embedding.encoder_outputs(ROW).tolist()
    pooled = _ask(client, "pool", points=points)["embeddings"]
    np.testing.assert_allclose(pooled, embedding.encode(ROW), atol=1e-5)
    gradient = _ask(client, "gradient", points=points, objective="cost")["gradient"]
    expected = embedding.gradient(ROW, "cost")
    np.testing.assert_allclose(gradient, expected, atol=1e-4)
    mean = _ask(client, "predict", points=points)["cost"]["mean"]
    np.testing.assert_allclose(mean, embedding.predict(ROW, "cost").mean, rtol=1e-3)
    climbed = _ask(client, "ascend", points=points, steps=2, with_points=True)
    assert np.shape(climbed["points"]) == (3, 1, 4, 32)
    placed = _ask(client, "map", project=points)
    assert np.shape(placed["projected"]) == (1, 2)
    both = client.post("/predict", json={"architectures": [ROW], "points": points})
    assert both.status_code == 422 and "one of the two" in both.text


def test_fronts_and_reconstructions(client, embedding):
    front = _ask(client, "pareto", num_directions=2, confidence=0, layers=2)
    found = embedding.pareto(num_directions=2, confidence=0, layers=2)
    assert front["architectures"] == found.architectures
    assert front["layers"] == found.layers.tolist()
    same = _ask(client, "reconstruction", architectures=[ROW])["reconstructed"]
    assert same == embedding.reconstruction(ROW).tolist()
    near = _ask(client, "propose", num=2, starts=[ROW], exclude=[ROW])
    expected = embedding.propose(2, starts=[ROW], exclude=[ROW])
    assert near["architectures"] == expected.architectures


def test_every_summary_is_a_sentence(client):
    for methods in client.get("/openapi.json").json()["paths"].values():
        for about in methods.values():
            assert re.fullmatch(r"[A-Z][^.]*\.", about["summary"])
            assert about["description"].endswith(".")


def test_the_manual_needs_no_network(client):
    """FastAPI's page loads its scripts from a CDN, and is blank without."""
    answer = client.get("/docs")
    assert answer.status_code == 200 and "text/html" in answer.headers["content-type"]
    page = answer.text
    assert not re.search(r"(src|href)=.?(https?:)?//|@import|url\(", page)
    schema = client.get("/openapi.json").json()
    for path, methods in schema["paths"].items():
        assert f"{path}</code>" in page
        for about in methods.values():
            assert about["summary"] in page
    assert "<td></td></tr>" not in page  # every field has a meaning
    for request in ("Ascend", "Pareto"):
        for field in schema["components"]["schemas"][request]["properties"]:
            assert f"<td>{field}</td>" in page
    assert client.get("/redoc").status_code == 404


def test_the_manuals_examples_are_answered(client):
    """As they stand, but for points, which have to be filled in."""
    page = client.get("/docs").text
    forms = re.findall(
        r'data-path="/(\w+)"><textarea[^>]*>(.*?)</textarea>', page, re.S
    )
    assert len(forms) == len(set(SERVED.values())) - 1
    for query, text in forms:
        body = json.loads(html.unescape(text))
        if "points" not in body:
            _ask(client, query, **body)


@pytest.mark.parametrize(
    ("query", "body", "message"),
    [
        ("encode", '{"architectures": ["slot0=z"]}', "lacks slots"),
        ("encode", '{"architectures": ["slot0=\\ud800"]}', "valid string"),
        ("encode", '{"architectures": [[9, 9, 9, 9]]}', "Not a valid"),
        ("encode", '{"architectures": []}', "at least 1"),
        ("encode", '{"architectures": [[1, 2, 3, 1]], "more": 1}', "not permitted"),
        ("encode", "[" * 100_000, ""),
        ("encode", "{", "JSON"),
        (
            "encode",
            json.dumps({"architectures": ['{"a":' * 3000]}),
            "nested too deeply",
        ),
        ("encode", "\x00\xff", ""),
        ("encode", json.dumps({"architectures": [[1] * 4] * 1025}), "at most 1024"),
        (
            "predict",
            f'{{"architectures": ["{ROW}"], "objective": "x"}}',
            "known: score",
        ),
        ("decode", '{"points": [[[NaN]]]}', "finite"),
        ("decode", '{"points": [[[1e999]]]}', "finite"),
        ("decode", '{"points": [[[1], [1, 2]]]}', "same shape"),
        ("decode", '{"points": [[[1]]]}', "Points must have shape"),
        ("ascend", f'{{"architectures": ["{ROW}"], "step_size": -1}}', "greater than"),
        ("map", '{"method": "\\u0000"}', "method must be one of"),
        ("sample", f'{{"num": 1{"0" * 5000}}}', ""),
    ],
)
def test_mistakes_are_answered_in_a_line(client, query, body, message):
    answer = client.post(
        f"/{query}", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert message in answer.text and "Traceback" not in answer.text


def test_a_refusal_is_short_whatever_was_asked(client):
    """The name of an unknown field came back whole, up to the 4 MB of a body."""
    body = {"architectures": [ROW], "x" * 100_000: 1}
    answer = client.post("/encode", json=body)
    assert answer.status_code == 422
    assert len(answer.content) < 1000


def test_a_query_that_needs_too_much_is_refused(client):
    many = [[1, 2, 3, 1]] * 1000
    answer = client.post("/ascend", json={"architectures": many, "steps": 200})
    assert answer.status_code == 422 and "at most 1000000 numbers" in answer.text


def test_large_bodies_are_refused_announced_or_not(client):
    body = b" " * (answers.MAX_BODY + 1)
    assert client.post("/encode", content=body).status_code == 413
    chunks = iter([body[:100]] * (answers.MAX_BODY // 100 + 1))
    assert client.post("/encode", content=chunks).status_code == 413


def test_other_hosts_are_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("", 0, "host must be an address, got an empty one"),
        ("nowhere.invalid", 0, "Can't bind to nowhere.invalid:0: "),
        ("192.0.2.1", 0, "Can't bind to 192.0.2.1:0: Cannot assign"),
        ("a\udcffb", 0, "Can't bind to a"),
    ],
)
def test_an_address_that_is_none_is_named(embedding, host, port, message):
    with pytest.raises(ValueError, match=message):
        serve.run(embedding, host, port)


@pytest.mark.parametrize("host", ["localhost:8421", "127.0.0.1", "[::1]:8421", "[::1]"])
def test_its_own_addresses_are_its_hosts(client, host):
    """`--host=::1` answered 400 to the very address that it printed."""
    assert client.get("/", headers={"host": host}).status_code == 200


def test_a_refused_body_ends_its_connection(client):
    """A client without end could go on sending after the 413."""
    answer = client.post("/encode", content=b" " * (answers.MAX_BODY + 1))
    assert answer.headers["connection"] == "close"


def test_a_body_that_does_not_come_is_not_waited_for(embedding, monkeypatch):
    monkeypatch.setattr(answers, "BODY_SECONDS", 0.05)
    sent = []

    async def receive():
        await asyncio.sleep(0.02)  # always a piece more, never the end
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/encode",
        "headers": [(b"host", b"localhost")],
        "query_string": b"",
    }
    asyncio.run(serve.create_app(embedding)(scope, receive, send))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


class Slow:
    """An embedding that proposes only once it is let go."""

    def __init__(self, embedding):
        self._embedding = embedding
        self.begun, self.is_let_go = threading.Event(), threading.Event()

    def __getattr__(self, name):
        return getattr(self._embedding, name)

    def propose(self, *args, **options):
        self.begun.set()
        assert self.is_let_go.wait(60)
        return self._embedding.propose(*args, **options)


def _asked_at_once(app, ask):
    """Runs `ask` with a client of the application, all in one event loop."""

    async def run():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as client:
            return await asyncio.wait_for(ask(client), 60)

    return asyncio.run(run())


def test_a_heavy_query_holds_up_no_light_one(embedding, monkeypatch):
    """One lock was for all; waiting queries took the threads of the others."""
    monkeypatch.setattr(serve, "MAX_WAITING", 2)
    slow = Slow(embedding)

    async def ask(client):
        heavy = [
            asyncio.create_task(client.post("/propose", json={"num": 1}))
            for _ in range(3)
        ]
        while not slow.begun.is_set():
            await asyncio.sleep(0.01)
        about = await client.get("/")
        light = await client.post("/encode", json={"architectures": [ROW]})
        # One runs and two wait: there is no room for a fourth.
        refused = await client.post("/propose", json={"num": 1})
        slow.is_let_go.set()
        return about, light, refused, await asyncio.gather(*heavy)

    about, light, refused, heavy = _asked_at_once(serve.create_app(slow), ask)
    assert about.status_code == light.status_code == 200
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert [answer.status_code for answer in heavy] == [200] * 3


def test_a_query_that_takes_too_long_is_answered(embedding, monkeypatch):
    monkeypatch.setattr(serve, "QUERY_SECONDS", 0.1)
    slow = Slow(embedding)
    app = serve.create_app(slow)

    async def ask(client):
        first = await client.post("/propose", json={"num": 1})
        waiting = await client.post("/propose", json={"num": 1})
        slow.is_let_go.set()
        return first, waiting

    for answer in _asked_at_once(app, ask):
        assert answer.status_code == 503
        assert "ask again" in answer.json()["detail"]


@contextlib.contextmanager
def _served(embedding, family=socket.AF_INET, host="127.0.0.1"):
    """Serves on this machine alone, in a thread; yields the port."""
    server = serve.make_server(serve.create_app(embedding))
    with socket.create_server((host, 0), family=family) as bound:
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)
    assert not thread.is_alive()


def test_a_client_that_stops_in_its_header_is_cut_off(embedding, monkeypatch):
    """It held its connection for ever; as many as there may be stopped the service."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    with _served(embedding) as port:
        with socket.create_connection(("127.0.0.1", port), 30) as silent:
            with socket.create_connection(("127.0.0.1", port), 30) as slow:
                slow.sendall(b"POST /encode HTTP/1.1\r\nHost: localho")
                url = f"http://127.0.0.1:{port}/"
                assert httpx.get(url, timeout=30).status_code == 200
                for client in (silent, slow):
                    try:
                        assert client.recv(1) == b""
                    except ConnectionResetError:
                        pass


def test_a_connection_too_many_is_asked_to_come_again(embedding, monkeypatch):
    """The server's own answer was no JSON and said nothing of when."""
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    with _served(embedding) as port:
        with socket.create_connection(("127.0.0.1", port), 30) as first:
            first.sendall(b"POST /encode HTTP/1.1\r\nHost: localhost\r\n")
            with socket.create_connection(("127.0.0.1", port), 30) as second:
                answer = http.client.HTTPResponse(second)
                answer.begin()
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
                assert json.load(answer)["detail"].startswith("Too many connections")


@pytest.mark.parametrize("request_", [{"num": True}, {"num": "2"}, {"num": 1.5}])
def test_types_are_to_the_letter(client, request_):
    assert client.post("/sample", json=request_).status_code == 422


def test_a_client_that_does_not_read_is_cut_off(embedding, monkeypatch):
    monkeypatch.setattr(connections, "SEND_SECONDS", 0.3)
    lost = threading.Event()
    before = connections.TimedConnection.connection_lost

    def connection_lost(self, exc):
        before(self, exc)
        lost.set()

    monkeypatch.setattr(connections.TimedConnection, "connection_lost", connection_lost)
    rows = json.dumps({"architectures": [ROW] * 1000, "encoder_outputs": True}).encode()
    request = (
        b"POST /encode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
        b"\r\nContent-Length: %d\r\n\r\n%s" % (len(rows), rows)
    )
    with _served(embedding) as port, socket.socket() as deaf:
        # Small, so that three megabytes don't fit into what the system buffers.
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(30)
        deaf.connect(("127.0.0.1", port))
        deaf.sendall(request)
        assert lost.wait(60)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_it_answers_at_the_address_that_it_prints(embedding):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"needs the address ::1: {error}")
    with _served(embedding, socket.AF_INET6, "::1") as port:
        url = f"http://[::1]:{port}/"
        assert httpx.get(url, timeout=30).status_code == 200


@pytest.mark.slow
def test_no_request_makes_it_fail(embedding):
    """Requests made from the OpenAPI page, of which half break its rules."""
    import hypothesis
    import schemathesis

    app = serve.create_app(embedding, hosts=("*",))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    modes = schemathesis.GenerationMode
    for operation in schema.get_all_operations():
        for mode in (modes.POSITIVE, modes.NEGATIVE):
            if mode == modes.NEGATIVE and operation.ok().method == "get":
                continue  # has nothing to break

            @hypothesis.settings(
                max_examples=30,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(hypothesis.HealthCheck),
            )
            @hypothesis.given(operation.ok().as_strategy(generation_mode=mode))
            def send(case):
                answer = case.call()
                assert answer.status_code < 500, answer.text

            send()


@pytest.mark.slow
def test_the_command_serves_a_saved_file(embedding, tmp_path):
    embedding.save(tmp_path / "toy.nao")
    root = pathlib.Path(launch.__file__).parent
    command = [sys.executable, root / "launch.py", "--mode=serve", "--port=0"]
    process = subprocess.Popen(
        [*command, f"--workdir={tmp_path / 'toy.nao'}"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
    )
    try:
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line).group()
        answer = httpx.post(f"{url}/predict", json={"architectures": [ROW]}, timeout=60)
        mean = answer.json()["score"]["mean"]
        np.testing.assert_allclose(mean, embedding.predict(ROW).mean, rtol=1e-4)
    finally:
        process.terminate()
        process.wait(30)
