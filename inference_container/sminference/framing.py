"""Finds where an HTTP/1.1 request ends in the bytes of a connection. Pure: no socket, no clock.

It decides lengths alone. Whether the head is a valid one is for gunicorn's parser, which sees every head found here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sminference.errors import RequestError

MAX_HEAD_BYTES = 64 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding:[ \t]*([^\r\n]*)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r\n")
_MAX_CHUNK_LINE = 300
# What a chunked body may cost on the wire beside its content: so much in any case, and a half of the content. Chunks of
# a line or a buffer cost far less; those of a byte or two cost more work than their content ever does.
_FREE_OVERHEAD_BYTES = 16 * 1024
_MAX_EMPTY_LINES = 8


class Whole(NamedTuple):
    """One request: its head up to and with the empty line, and its body without any transfer coding."""

    head: bytes
    body: bytes


class RequestBuffer:
    """Takes the bytes of one connection as they come and gives whole requests, one after the other."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._head: bytes | None = None
        self._scanned = 0
        self._end = 0
        self._chunked = False
        self._chunks: list[bytes] = []
        self._chunk_bytes = 0
        self._overhead = 0
        self._empty_lines = 0
        self.continue_expected = False

    def __len__(self) -> int:
        return len(self._buffer) + self._chunk_bytes

    @property
    def waiting(self) -> bool:
        """Whether a request has begun that is not whole yet."""
        return bool(self._buffer) or self._head is not None

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Whole | None:
        """The next whole request, None while it is not all there.

        Raises:
            RequestError: no request can follow on this connection, for where this one ends is unknown or too far.
        """
        if self._head is None and not self._find_head():
            return None
        body = self._chunked_body() if self._chunked else self._plain_body()
        if body is None:
            return None
        head, self._head, self._scanned, self.continue_expected = self._head, None, 0, False
        self._empty_lines = self._overhead = 0
        return Whole(head or b"", body)

    def _find_head(self) -> bool:
        buffer = self._buffer
        while buffer[:2] == b"\r\n":
            del buffer[:2]
            self._empty_lines += 1
            if self._empty_lines > _MAX_EMPTY_LINES:
                raise RequestError(400, f"head: expected a request line, got more than {_MAX_EMPTY_LINES} empty lines")
        end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
        if max(end, 0 if end >= 0 else len(buffer)) > MAX_HEAD_BYTES:
            raise RequestError(431, f"head: expected at most {MAX_HEAD_BYTES} bytes of request line and headers")
        if end < 0:
            if buffer.find(b"\n\n", max(0, self._scanned - 1)) >= 0:
                raise RequestError(400, r"head: expected lines that end with \r\n, got a bare \n")
            self._scanned = len(buffer)
            return False
        head = bytes(buffer[: end + 4])
        del buffer[: end + 4]
        codings = [match.strip() for match in _CODING.findall(head)]
        self._head, self._chunked, self._end, self._scanned = head, bool(codings), 0, 0
        if codings and [coding.lower() for coding in codings] != [b"chunked"]:
            got = b", ".join(codings)[:40].decode("latin-1")
            raise RequestError(400, f"Transfer-Encoding: expected chunked, got {got!r}")
        lengths = {match.strip() for match in _LENGTH.findall(head)}
        if self._chunked and lengths:
            raise RequestError(400, "head: expected Content-Length or Transfer-Encoding, got both")
        if lengths:
            self._end = self._length(lengths)
        self.continue_expected = _EXPECT.search(head) is not None
        return True

    def _length(self, lengths: set[bytes]) -> int:
        if len(lengths) > 1:
            raise RequestError(400, "Content-Length: expected one, got several that differ")
        (text,) = lengths
        if not text.isdigit():
            raise RequestError(400, f"Content-Length: expected a whole number, got {text[:40].decode('latin-1')!r}")
        # The length of the text first: Python takes long to read a number of thousands of digits.
        if len(text) > 18 or int(text) > self._max_body_bytes:
            raise RequestError(
                413, f"body: expected at most {self._max_body_bytes} bytes, got more by its Content-Length"
            )
        return int(text)

    def _plain_body(self) -> bytes | None:
        if len(self._buffer) < self._end:
            return None
        body = bytes(self._buffer[: self._end])
        del self._buffer[: self._end]
        return body

    def _chunked_body(self) -> bytes | None:
        """Takes whole chunks off the buffer; trailers are read over."""
        buffer, at = self._buffer, 0
        try:
            while (match := _CHUNK.match(buffer, at)) is not None:
                # A match holds the buffer, which then can't shrink.
                size, start, match = int(match[1], 16), match.end(), None
                if size == 0:
                    return self._after_trailers(at, start)
                if self._chunk_bytes + size > self._max_body_bytes:
                    raise RequestError(413, f"body: expected at most {self._max_body_bytes} bytes, got more")
                end = start + size
                if len(buffer) < end + 2:
                    return None
                if buffer[end : end + 2] != b"\r\n":
                    raise RequestError(400, "body: expected the end of a chunk where its size says")
                self._chunks.append(bytes(buffer[start:end]))
                self._chunk_bytes += size
                self._count(start - at + 2)
                at = end + 2
            if len(buffer) - at > _MAX_CHUNK_LINE or buffer.find(b"\n", at) >= 0:
                raise RequestError(400, "body: expected a chunk that begins with its size in hexadecimal")
            return None
        finally:
            # Once for all chunks that came together.
            del buffer[: min(at, len(buffer))]

    def _count(self, overhead: int) -> None:
        self._overhead += overhead
        if self._overhead > _FREE_OVERHEAD_BYTES + self._chunk_bytes // 2:
            raise RequestError(
                413,
                f"body: expected chunks that are mostly content, got {self._overhead} bytes of sizes and line ends for "
                f"{self._chunk_bytes} of content; send larger chunks or a Content-Length",
            )

    def _after_trailers(self, at: int, start: int) -> bytes | None:
        """The whole body when its trailers end here too; `at` is where its last chunk stands in the buffer."""
        buffer = self._buffer
        if buffer[start : start + 2] == b"\r\n":
            end = start + 2
        else:
            end = buffer.find(b"\r\n\r\n", max(start, at + self._scanned - 3)) + 4
            if end < 4:
                if len(buffer) - start > MAX_HEAD_BYTES:
                    raise RequestError(431, f"trailers: expected at most {MAX_HEAD_BYTES} bytes")
                self._scanned = len(buffer) - at
                return None
        body = b"".join(self._chunks)
        self._chunks, self._chunk_bytes = [], 0
        del buffer[at:end]
        return body
