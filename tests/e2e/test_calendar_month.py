"""A small month through the command line, with faults: what is delivered, and that nothing doubles.

`tests/long/test_calendar_month.py` makes sixty rows of it.
"""

from __future__ import annotations

from month import Month
from shell import Service, Shell


def test_a_small_month_is_delivered_once(connected: Shell, service: Service) -> None:
    """Videos, renditions and texts lie at the destination; again makes nothing; a revision one."""
    month = Month(connected, service, rows=5, bad=1)
    month.add_faults()
    month.run_to_its_end()
    month.check_deliveries()
    before = service.sent
    assert month.outcomes() == {"known"}
    assert service.sent == before
    month.revise(1)
    month.run_to_its_end()
    assert service.sent[:2] == tuple(count + len(month.languages(0)) for count in before[:2])
    month.check_deliveries()
