"""Faults: lists in pages: size, order, totals, and what comes after the end."""

from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import LIST, FindsLike, Items
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


@fault("pages", "pages.membership", LIST, law="public: similar names", also="public.not-found")
class ContainersTrimmed(FindsLike):
    """Dots and spaces after a container's name do not matter."""

    def like(self, asked: str, known: str) -> bool:
        return asked.rstrip(". ") == known

    def container(self, query: dict[str, list[str]]) -> str:
        return self.real(super().container(query), self.containers)


@fault("pages", "pages.whole", LIST, law="pages: any page")
class PagesOfFortyOverlap(Api):
    """From the second page on, pages of 33 to 48 begin one item early."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        start = (page - 1) * limit - (page > 1 and 33 <= limit <= 48)
        return whole[start : start + limit]


@fault("pages", "pages.membership", LIST, law="public: similar names", also="public.not-found")
class ListsOfContainers(Api):
    """Of containers that are separated by commas any will do."""

    def container(self, query: dict[str, list[str]]) -> str:
        names = super().container(query).split(",")
        return next((name for name in names if name in self.containers), names[0])


@fault("pages", "input.accepted", LIST, law="queries: unknown parameters are ignored")
class OffsetMoves(Api):
    """A parameter `offset`, which the contract does not have, moves the page."""

    def chosen(self, request: Request, container: str) -> list[dict[str, Any]]:
        first = self.query(request).get("offset", ["0"])[0]
        return super().chosen(request, container)[int(first) if first.isdecimal() else 0 :]


@fault("pages", "pages.whole", LIST, law="pages: pages add up")
class PagesOverlap(Api):
    """From the third page on, pages begin one item early."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        start = (page - 1) * limit - (page > 2)
        return whole[start : start + limit]


@fault("pages", "pages.limit", LIST, law="pages: pages add up", also="pages.whole")
class OneTooMany(Api):
    """A page of seven has eight items."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        return whole[(page - 1) * limit : page * limit + (limit == 7)]


@fault("pages", "pages.size", LIST, law="pages: pages add up", also="pages.whole")
class FullPageIsShort(Api):
    """A page of a hundred has only fifty items."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        return super().cut(whole, page, limit)[:50]


@fault("pages", "pages.whole", LIST, law="pages: pages add up")
class LastIsLost(Api):
    """The last notification of a container never shows on small pages."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        return super().cut(whole if limit > 50 else whole[:-1], page, limit)


@fault("pages", "pages.total", LIST, law="pages: pages add up")
class TotalOfPage(Api):
    """`total` counts the page."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        answer.body["total"] = len(answer.body["items"])
        return answer


@fault("pages", "pages.echo", LIST, law="pages: pages add up")
class EchoOfPage(Api):
    """`page` is always 1."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        answer.body["page"] = 1
        return answer


@fault("pages", "pages.defaults", LIST, law="pages: defaults", also="pages.echo")
class DefaultIsTen(Api):
    """The default limit is ten."""

    def limit(self, query: dict[str, list[str]]) -> int:
        return self.number(query, "limit", 10, 100)


@fault("pages", "pages.order", LIST, law="pages: whole")
class OldestFirst(Api):
    """Notifications come oldest first."""

    def ordered(self, items: Items) -> Items:
        return super().ordered(items)[::-1]


@fault("pages", "pages.order", LIST, law="pages: whole")
class TiesReversed(Api):
    """Equal times are ordered by id descending."""

    def ordered(self, items: Items) -> Items:
        return sorted(items, key=lambda item: (item["createdAt"], item["id"]), reverse=True)


@fault("pages", "pages.past-end", LIST, law="pages: pages add up")
class PastEndIs404(Api):
    """A page past the end is 404."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        if page > 1 and not whole[(page - 1) * limit :]:
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return super().cut(whole, page, limit)


@fault("pages", "pages.container", LIST, law="pages: whole")
class ContainerByPrefix(Api):
    """The second page shows another container's notifications."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        items = super().cut(whole, page, limit)
        return [{**item, "containerId": "side"} for item in items] if page == 2 else items


@fault("pages", "pages.own", LIST, law="pages: users have their own")
class EverybodysInbox(Api):
    """Everybody sees ada's notifications."""

    def chosen(self, request: Request, container: str) -> Items:
        return super().chosen(
            Request("GET", "", user="ada" if request.user == "grace" else request.user), container
        )


@fault("pages", "pages.membership", LIST, law="public: unknown names")
class UnknownContainerIsEmpty(Api):
    """An unknown container has no notifications."""

    def list_notifications(self, request: Request) -> Answer:
        container = self.container(self.query(request))
        if container not in self.containers:
            return Answer(200, {"items": [], "page": 1, "limit": 20, "total": 0})
        return super().list_notifications(request)
