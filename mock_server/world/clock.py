"""Clock of a sandbox: the machine's time, or one that was moved or stopped."""

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
        """Whether its time is far enough from both ends of the calendar to compute with."""
        # Lifetimes are added to it, which must not lead out of the years 1 to 9999.
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
    """Read a time of RFC 3339; raise `ValueError` where there is no such time.

    A leap second is read as the second after it, since `datetime` has none.
    """
    # RFC 3339 allows small letters for `T` and `Z` (5.6), and `datetime` does not.
    text = text.upper()
    is_leap = text[17:19] == "60"
    if is_leap:
        text = f"{text[:17]}59{text[19:]}"
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
        return moment + timedelta(seconds=1) if is_leap else moment
    except OverflowError:
        raise ValueError(f"{text} is not in the years 1 to 9999") from None


def written(moment: datetime) -> str:
    """Return a time in the form of RFC 3339, in UTC with a `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
