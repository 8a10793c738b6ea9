"""Where a request ends, whatever pieces its bytes come in."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sminference.errors import RequestError
from sminference.framing import MAX_HEAD_BYTES, RequestBuffer, Whole

LIMIT = 1000


def fed(pieces: Iterable[bytes], limit: int = LIMIT) -> list[Whole]:
    """The requests in a stream that comes in pieces."""
    buffer, found = RequestBuffer(limit), []
    for piece in pieces:
        buffer.feed(piece)
        while (whole := buffer.next()) is not None:
            found.append(whole)
    return found


def plain(body: bytes) -> tuple[bytes, bytes]:
    return b"POST /invocations HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body), body


def chunked(body: bytes, sizes: list[int], trailer: bytes) -> tuple[bytes, bytes]:
    coded, rest = b"", body
    for size in sizes:
        if rest[:size]:
            coded += b"%X;name=value\r\n%s\r\n" % (len(rest[:size]), rest[:size])
            rest = rest[size:]
    if rest:
        coded += b"%x\r\n%s\r\n" % (len(rest), rest)
    return b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", coded + b"0\r\n" + trailer + b"\r\n"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


bodies = st.binary(max_size=300) | st.sampled_from([b"\r\n\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
requests = st.tuples(
    bodies,
    st.none() | st.lists(st.integers(1, 40), max_size=8),
    st.sampled_from([b"", b"a: b\r\n", b"x: 1\r\ny: 2\r\n"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(requests, max_size=5), st.lists(st.integers(0, 5000), max_size=12), st.booleans())
def test_requests_come_out_whole_and_in_order_however_they_are_cut(
    sent: list[tuple[bytes, list[int] | None, bytes]], places: list[int], empty_lines: bool
) -> None:
    coded = [plain(body) if sizes is None else chunked(body, sizes, trailer) for body, sizes, trailer in sent]
    stream = (b"\r\n" if empty_lines else b"").join(head + body for head, body in coded)
    found = fed(cut(stream, places))
    assert [whole.body for whole in found] == [body for body, _, _ in sent]
    assert [whole.head for whole in found] == [head for head, _ in coded]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
def test_no_bytes_make_it_fail_in_another_way(data: bytes, places: list[int]) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    for start in (b"", head):
        status = 400
        try:
            fed(cut(start + data, places))
        except RequestError as error:
            status = error.status
        assert 400 <= status < 500


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n", 413),
        (b"\r\n" * 9 + b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 400, 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * MAX_HEAD_BYTES, 431),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * MAX_HEAD_BYTES + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    ],
)
def test_a_length_that_can_not_be_is_refused_at_once(data: bytes, status: int) -> None:
    with pytest.raises(RequestError) as caught:
        fed([data])
    assert caught.value.status == status


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert [whole.body for whole in fed([b"".join(plain(b"x" * LIMIT))])] == [b"x" * LIMIT]
    head, coded = chunked(b"x" * LIMIT, [600, 400], b"")
    assert [whole.body for whole in fed([head + coded])] == [b"x" * LIMIT]


def test_a_client_that_asks_whether_to_go_on_is_seen() -> None:
    buffer = RequestBuffer(LIMIT)
    buffer.feed(b"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert buffer.next() is None
    assert buffer.continue_expected


@pytest.mark.parametrize("extension", [b"", b";" + b"x" * 200])
def test_chunks_may_not_cost_much_more_than_their_content(extension: bytes) -> None:
    """Three million chunks of two bytes held the worker for ten seconds; now it knows after some thousands of them."""
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    buffer = RequestBuffer(6 << 20)
    buffer.feed(head)
    chunk = b"2" + extension + b"\r\n[]\r\n"

    def send(times: int) -> None:
        for _ in range(times):
            buffer.feed(chunk * 100)
            buffer.next()

    with pytest.raises(RequestError, match="send larger chunks or a Content-Length") as caught:
        send(1000)
    assert caught.value.status == 413
    assert len(buffer) < 200_000


@pytest.mark.parametrize("size", [16, 24, 64, 8192])
def test_a_row_a_chunk_is_fine(size: int) -> None:
    """As a client sends that streams a file line by line."""
    body = b"5.1,3.5,1.4,0.2\n" * 10_000
    head, coded = chunked(body, [], b"")
    coded = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in cut(body, list(range(0, len(body), size)))[1:])
    pieces = cut(head + coded + b"0\r\n\r\n", list(range(0, len(coded), 65_536)))
    assert fed(pieces, len(body)) == [Whole(head, body)]


def test_trailers_may_come_in_drops() -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    trailers = b"".join(b"a%d: b\r\n" % i for i in range(500))
    stream = head + b"2\r\n[]\r\n0\r\n" + trailers + b"\r\n"
    assert fed([stream[i : i + 1] for i in range(len(stream))]) == [Whole(head, b"[]")]
