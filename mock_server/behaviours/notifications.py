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
    if not world.is_member(session.username, container_id):
        raise NotFound
    page = int(call.parameters["page"])
    limit = int(call.parameters["limit"])
    items, total = world.users[session.username].notifications(
        container_id, (page - 1) * limit, limit
    )
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
