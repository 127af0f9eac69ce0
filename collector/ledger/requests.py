"""What somebody asked of the writer's thread, and the future that gets the answer."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from collector.ledger.desk import Desk

Answer = TypeVar("Answer")


class Request(Generic[Answer]):
    """One question.

    Args:
        work: what to do at the desk.

    Attributes:
        future: gets the answer, or an exception.
    """

    __slots__ = ("_work", "future")

    def __init__(self, work: Callable[[Desk], Answer]) -> None:
        self._work = work
        self.future: Future[Answer] = Future()

    def answer(self, desk: Desk, before: Callable[[], None]) -> None:
        """Do the work, and hand over the result; nothing if it was cancelled.

        Args:
            desk: where to do it.
            before: called in between, so that whoever gets the answer finds the rest up to date.

        Raises:
            Exception: the work failed. `refuse` has still to be called.
        """
        if self.future.cancelled():
            return
        result = self._work(desk)
        before()
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(result)

    def refuse(self, error: Exception) -> None:
        """Hand over an exception."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)
