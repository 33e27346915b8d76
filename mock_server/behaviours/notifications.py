"""Operations with the tag Notifications."""

from mock_server.errors import NotFound
from mock_server.world.records import Session, World

from .handler import Answer, Call


def listNotifications(
    world: World,
    session: Session,
    call: Call,
) -> tuple[World, Answer]:
    """Return one page of the session user's notifications in a container."""
    container_id = call.parameters["containerId"]
    # Whether a container exists is none of the business of those who do not belong to it.
    if not world.is_member(session.username, container_id):
        raise NotFound
    page = call.parameters["page"]
    limit = call.parameters["limit"]
    user = world.users[session.username]
    # Pages are counted from 1. One behind the last is empty, and no error.
    start = (page - 1) * limit
    items, total = user.notifications(container_id, start, limit)
    return world, Answer(
        200,
        {
            "items": items,
            "page": page,
            "limit": limit,
            "total": total,
        },
    )


def markNotificationsRead(
    world: World,
    session: Session,
    _call: Call,
) -> tuple[World, Answer]:
    """Mark every notification of the session user as read, in all containers."""
    return world.mark_notifications_read(session.username), Answer(201)
