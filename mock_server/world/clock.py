"""What time it is: the machine's time, or one that was moved or stopped."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta


def real_time() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that runs `ahead` of the machine's, or stands still at `frozen`."""

    ahead: timedelta = timedelta()
    frozen: datetime | None = None

    @property
    def sane(self) -> bool:
        """Whether it shows a time that is far enough from both ends of the calendar to reckon with."""
        try:
            return 1000 <= self.now().year <= 9000  # noqa: PLR2004 - round years
        except OverflowError:
            return False

    def now(self) -> datetime:
        """Return the present moment in UTC."""
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


def read_time(text: str) -> datetime:
    """Read a time as RFC 3339 writes it, a leap second as the second after it; raises `ValueError` before the year 1."""
    text = text.upper()
    leap = text[17:19] == "60"
    try:
        return datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text).astimezone(
            UTC
        ) + timedelta(seconds=leap)
    except OverflowError:
        raise ValueError(f"{text} is not in the years 1 to 9999") from None


def written(moment: datetime) -> str:
    """Write a time as RFC 3339 does, in UTC with a `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
