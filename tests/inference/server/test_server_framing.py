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
