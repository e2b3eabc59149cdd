"""Frames and messages: whole or refused, however they are cut up and whatever they say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.adapters.replays.protocol import (
    LABELS_MAX,
    SENTENCE_CHARACTERS_MAX,
    FrameBuffer,
    Job,
    Overgrown,
    Ping,
    Pong,
    ProtocolError,
    Read,
    Ready,
    Started,
    Unreadable,
    answer_in,
    frame,
    framed,
    request_in,
)

BODIES = st.lists(st.binary(max_size=40), max_size=8)
JOBS = st.integers(0, 2**53 - 1)


@st.composite
def cut_up(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes in pieces, as a socket may give them."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def taken(buffer: FrameBuffer, bytes_max: int = 40) -> list[bytes]:
    """All that is whole."""
    bodies = []
    while (body := buffer.take(bytes_max)) is not None:
        bodies.append(body)
    return bodies


@given(bodies=BODIES, data=st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut_up(bodies: list[bytes], data: st.DataObject) -> None:
    buffer = FrameBuffer()
    found = []
    for chunk in data.draw(cut_up(b"".join(map(frame, bodies)))):
        buffer.feed(chunk)
        found += taken(buffer)
    assert found == bodies
    assert buffer.is_empty()


@given(bodies=BODIES.filter(bool), data=st.data())
def test_what_is_cut_off_is_never_given_out(bodies: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(map(frame, bodies))
    length = data.draw(st.integers(0, len(whole) - 1))
    buffer = FrameBuffer()
    buffer.feed(whole[:length])
    found = taken(buffer)
    assert found == bodies[: len(found)]
    assert len(found) < len(bodies)
    assert sum(len(frame(body)) for body in found) + (not buffer.is_empty()) <= length


@given(body=st.binary(min_size=1, max_size=40), data=st.data())
def test_a_frame_that_says_it_is_too_long_is_refused_before_it_is_there(body: bytes, data: st.DataObject) -> None:
    buffer = FrameBuffer()
    buffer.feed(frame(body)[: data.draw(st.integers(4, len(body) + 4))])
    with pytest.raises(ProtocolError, match=f"a frame of {len(body)} bytes"):
        buffer.take(data.draw(st.integers(0, len(body) - 1)))


@given(job=JOBS, rss_bytes=JOBS, sentence=st.text(st.characters(codec="utf-8"), max_size=SENTENCE_CHARACTERS_MAX))
def test_messages_come_out_as_they_went_in(job: int, rss_bytes: int, sentence: str) -> None:
    for request in (Ping(job=job), Job(job=job)):
        assert request_in(framed(request)[4:]) == request
    for answer in (
        Ready(in_force=("a",), missing=(), rss_bytes=rss_bytes),
        Pong(job=job, rss_bytes=rss_bytes),
        Started(job=job),
        Overgrown(job=job, rss_bytes=rss_bytes),
        Unreadable(job=job, rss_bytes=rss_bytes, code="c", sentence=sentence, error=""),
    ):
        assert answer_in(framed(answer)[4:]) == answer


@given(value=st.recursive(st.none() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists))
def test_a_payload_is_any_json_and_is_not_looked_into(value: object) -> None:
    body = json.dumps({"is": "read", "job": 1, "rss_bytes": 2, "payload": value}).encode()
    answer = answer_in(body)
    assert isinstance(answer, Read)
    assert json.loads(bytes(answer.payload)) == value


@given(body=st.binary(max_size=200))
def test_whatever_is_said_is_an_answer_or_refused(body: bytes) -> None:
    for read in (answer_in, request_in):
        with pytest.raises(ProtocolError):
            read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"is":"pong"}',
        b'{"is":"ping","job":1}',  # a request is no answer
        b'{"is":"pong","job":1,"rss_bytes":1,"more":1}',
        b'{"is":"pong","job":"1","rss_bytes":1}',
        b'{"is":"pong","job":true,"rss_bytes":1}',
        b'{"is":"pong","job":1.0,"rss_bytes":1}',
        b'{"is":"pong","job":-1,"rss_bytes":1}',
        b'{"is":"pong","job":9007199254740992,"rss_bytes":1}',
        b'{"is":"pong","job":1,"rss_bytes":null}',
        b'{"is":"read","job":1,"rss_bytes":1,"payload":nonsense}',
        b'{"is":"read","job":1,"rss_bytes":1,"payload":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        b'{"is":"unreadable","job":1,"rss_bytes":1,"code":"c","sentence":"' + b"x" * 501 + b'","error":""}',
        b'{"is":"ready","in_force":[' + b",".join([b'"x"'] * (LABELS_MAX + 1)) + b'],"missing":[],"rss_bytes":1}',
        b'{"is":"ready","in_force":"seccomp","missing":[],"rss_bytes":1}',
        b"\x80\x04\x95\x00",  # a pickle's beginning
    ],
)
def test_what_the_protocol_does_not_allow_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        answer_in(body)
