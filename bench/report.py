"""Medians to a table of ratios against the targets, and to a small chart."""

from collections.abc import Iterable
from html import escape

Medians = dict[str, dict[str, float]]

LOADS = ("getProfile", "listNotifications", "updateProfile", "rejected request")
OTHERS = {"getProfile p99 ms": "{:.1f} ms", "start s": "{:.2f} s", "memory MB": "{:.0f} MB"}


def ratios(m: Medians) -> list[tuple[str, float, str, bool]]:
    """Each figure with its value, its target as text, and whether it is met."""
    profile, starts = m["getProfile"], m["start s"]

    def least(text: str, value: float, target: float) -> tuple[str, float, str, bool]:
        return text, value, f"≥ {target:g}", value >= target

    def most(text: str, value: float, target: float) -> tuple[str, float, str, bool]:
        return text, value, f"≤ {target:g}", value <= target

    def over_prism(load: str) -> float:
        return m[load]["ours"] / m[load]["Prism"]

    return [
        least("`getProfile`, ours / Prism", over_prism("getProfile"), 3.0),
        least("`listNotifications` (20 items), ours / Prism", over_prism("listNotifications"), 2.5),
        least(
            "`getProfile`, ours / bare Flask on the same server",
            profile["ours"] / profile["bare Flask"],
            0.75,
        ),
        least("`updateProfile`, ours / Prism", over_prism("updateProfile"), 2.5),
        least(
            "rejected request with full `details`, ours / Prism",
            over_prism("rejected request"),
            0.7,
        ),
        most("99th percentile of `getProfile`, ours / Prism", over_prism("getProfile p99 ms"), 0.5),
        least(
            "throughput with 50 requests being delayed / without",
            m["with 50 delayed"]["with"] / m["with 50 delayed"]["without"],
            0.9,
        ),
        most("start to first correct answer, ours / Prism", starts["ours"] / starts["Prism"], 0.5),
        most("memory of the process tree, ours / Prism", over_prism("memory MB"), 0.6),
        least(
            "`listNotifications`, ×10,000 / ×1",
            m["listNotifications by size"]["×10,000"] / m["listNotifications by size"]["×1"],
            0.9,
        ),
        least(
            "`getProfile`, ×10,000 / ×1",
            m["getProfile by size"]["×10,000"] / m["getProfile by size"]["×1"],
            0.9,
        ),
        most(
            "creating, forking, resetting or dropping a sandbox at ×10,000, the slowest, ms",
            max(
                m[f"{call} a sandbox ms"]["×10,000"] for call in ("create", "fork", "reset", "drop")
            ),
            1.0,
        ),
        least(
            "`updateProfile`, ×10,000 / ×1",
            m["updateProfile by size"]["×10,000"] / m["updateProfile by size"]["×1"],
            0.9,
        ),
    ]


def _row(title: str, row: dict[str, float], names: Iterable[str], form: str) -> str:
    return (
        f"| {title} | "
        + " | ".join(form.format(row[name]) if name in row else "–" for name in names)
        + " |"
    )


def table(m: Medians) -> str:
    """Both tables in Markdown: medians by server, then ratios by target."""
    lines = [
        "| requests a second | " + " | ".join(m["getProfile"]) + " |",
        "|---" * (len(m["getProfile"]) + 1) + "|",
    ]
    lines += [_row(load, m[load], m["getProfile"], "{:,.0f}") for load in LOADS]
    lines += [
        _row(load.rpartition(" ")[0], m[load], m["getProfile"], form)
        for load, form in OTHERS.items()
    ]
    lines += ["", "| figure | measured | target | |", "|---|---|---|---|"]
    lines += [
        f"| {text} | {value:.2f} | {target} | {'met' if met else '**missed**'} |"
        for text, value, target, met in ratios(m)
    ]
    return "\n".join(lines)


def chart(m: Medians) -> str:
    """A bar for each server and load, as SVG that reads in light and dark."""
    bars = [
        (load, name, m[load][name])
        for load in ("getProfile", "listNotifications", "updateProfile")
        for name in m[load]
    ]
    longest = max(rate for *_, rate in bars)
    rows, y, last = [], 10, ""
    for load, name, rate in bars:
        if load != last:
            rows.append(f'<text x="10" y="{y + 14}" class="load">{load}, requests a second</text>')
            y, last = y + 22, load
        width = round(400 * rate / longest)
        rows.append(f'<text x="170" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
        rows.append(
            f'<rect x="178" y="{y}" width="{width}" height="15" rx="3" class="{"ours" if name == "ours" else "peer"}"/>'
        )
        rows.append(f'<text x="{184 + width}" y="{y + 12}">{rate:,.0f}</text>')
        y += 20
    style = "text{font:12px system-ui,sans-serif;fill:#767676}.load{font-weight:600}.ours{fill:#2f7fd6}.peer{fill:#a9b1ba}"
    size = f'viewBox="0 0 660 {y + 8}" width="660"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>{"".join(rows)}</svg>\n'
