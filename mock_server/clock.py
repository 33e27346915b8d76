"""What time it is: the machine's time, or one that was moved or stopped."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta


def real_time() -> datetime:
    """Answer the machine's time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that runs `ahead` of the machine's, or stands still at `frozen`. Raises `OverflowError` past the year 9999."""

    ahead: timedelta = timedelta()
    frozen: datetime | None = None

    def now(self) -> datetime:
        """Answer the present moment in UTC."""
        return self.frozen or real_time() + self.ahead

    def freeze(self, moment: datetime | None = None) -> "Clock":
        """Stop, at `moment` or now."""
        return replace(self, frozen=moment or self.now())

    def set(self, moment: datetime) -> "Clock":
        """Show another time; a stopped clock stays stopped."""
        return Clock(moment - real_time(), moment if self.frozen else None)

    def advance(self, by: timedelta) -> "Clock":
        """Move forward, or back where `by` is negative."""
        return self.set(self.now() + by)


def written(moment: datetime) -> str:
    """Write a time as RFC 3339 does, in UTC with a `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
