"""An answer that is late or slow costs nothing once it is sent, or once nobody waits for it any more."""

import asyncio
from typing import Any

from mock_server.http.replies import About, Reply, json_reply
from mock_server.server.delivery import deliver
from mock_server.world.overrides import Plan

GET = {"method": "GET", "client": ("127.0.0.1", 1)}


def reply(plan: Plan) -> Reply:
    return json_reply(200, {"handle": "ada"}, about=About(plan=plan))


async def forever() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def leaves() -> dict[str, Any]:
    return {"type": "http.disconnect"}


def test_nothing_stays_of_answers_that_were_delayed() -> None:
    async def run() -> None:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        for _ in range(3):
            await deliver(reply(Plan(delay=0.001, body=0.01)), GET, forever, send, asyncio.Event())
        assert b"".join(each.get("body", b"") for each in sent) == b'{"handle":"ada"}' * 3
        assert len(asyncio.all_tasks()) == 1, "only this test itself is at work"

    asyncio.run(run())


def test_an_answer_is_given_up_where_its_client_leaves_first() -> None:
    async def run() -> None:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await deliver(reply(Plan(delay=60)), GET, leaves, send, asyncio.Event())
        assert sent == []
        await deliver(reply(Plan(body=60)), GET, leaves, send, asyncio.Event())
        assert len(sent) == 2, "the start, and the first piece of the body"

    asyncio.run(asyncio.wait_for(run(), 20))
