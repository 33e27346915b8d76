"""Table of the operations and their behaviours."""

from . import notifications, profile
from .handler import Handler

OPERATIONS: dict[str, Handler] = {
    "getProfile": profile.getProfile,
    "getPublicProfile": profile.getPublicProfile,
    "updateProfile": profile.updateProfile,
    "listReferrals": profile.listReferrals,
    "listNotifications": notifications.listNotifications,
    "markNotificationsRead": notifications.markNotificationsRead,
}
"""Handlers by operationId; the keys must equal the operationIds of the contract."""
