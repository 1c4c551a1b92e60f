"""Remembers the newest ids of events, to recognize one that comes again.

What Sluice or Lambda repeats comes within seconds or minutes. An event that comes later than the window passes: it is recognized where events
are stored, by event.id.
"""

from collections import deque

# 200,000 ids take about 30 MB, and are 3 minutes of 1,000 events/s. Sluice repeats at most the last 0.2 s after it was killed.
WINDOW_EVENTS = 200_000


class RecentIds:
    def __init__(self, limit=WINDOW_EVENTS):
        self._limit = limit
        self._ids, self._order = set(), deque()

    def fresh(self, events):
        """Those that did not come before, each once. Nothing is remembered until `add`."""
        return list({event.id: event for event in events if event.id not in self._ids}.values())

    def add(self, events):
        """To be called when they are stored: one that could not be stored has to pass when it comes again."""
        for event in events:
            if event.id not in self._ids:
                self._ids.add(event.id)
                self._order.append(event.id)
        while len(self._order) > self._limit:
            self._ids.remove(self._order.popleft())
