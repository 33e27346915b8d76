"""Long trials that the suite has no time for: `make soak`, a minute for each, or `python -m tests.soak --help`."""

import sys
import time
import traceback
from pathlib import Path

import click

from tests.soak import (
    bombs,
    clients,
    fuzz,
    guard,
    hostile,
    interrupts,
    redis_loss,
    secrets,
    upstream,
)
from tests.soak.figures import Trial, write

TRIALS: dict[str, Trial] = {
    "fuzz": fuzz.fuzz_the_mock,
    "fuzz-proxy": fuzz.fuzz_the_proxy,
    "clients-memory": clients.work_in_memory,
    "clients-redis": clients.work_over_redis,
    "redis-kill": redis_loss.kill_the_server,
    "redis-keys": redis_loss.lose_each_key,
    "secrets": secrets.look_for_canaries,
    "upstream": upstream.lie,
    "bombs": bombs.load_bombs,
    "guard": guard.try_every_spelling,
    "hostile": hostile.judge_hostile_targets,
    "interrupts": interrupts.interrupt_at_every_moment,
}
ROOT = Path(__file__).parents[2]


@click.command(help=__doc__)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="How long each trial takes.",
)
@click.option(
    "--only",
    type=click.Choice(list(TRIALS)),
    multiple=True,
    help="Only this trial; may be repeated.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Everything random follows it."
)
@click.option("--write", "page", is_flag=True, help="Put the figures into docs/reliability.md.")
def main(seconds: float, only: tuple[str, ...], seed: int, *, page: bool) -> None:
    """Run the trials one after another; exit with 1 where one of them found something."""
    found: dict[str, dict[str, object]] = {}
    failed = []
    for name in only or TRIALS:
        click.echo(f"{name}: up to {seconds:g} s …", nl=False)
        began = time.monotonic()
        try:
            found[name] = TRIALS[name](seconds, seed)
        except Exception:  # noqa: BLE001 - one trial's failure must not keep the others from running
            failed.append(name)
            click.echo(f" FAILED after {time.monotonic() - began:.0f} s\n{traceback.format_exc()}")
        else:
            figures = ", ".join(f"{what}: {value}" for what, value in found[name].items())
            click.echo(f" held for {time.monotonic() - began:.0f} s. {figures}")
    if page:
        write(ROOT / "docs" / "reliability.md", found)
    if failed:
        click.echo(f"Did not hold: {', '.join(failed)}.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
