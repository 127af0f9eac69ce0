"""Records of the log, made as the daemon makes them."""

import logging


def record(
    message: str = "gpu 3: it is hot; look",
    level: int = logging.WARNING,
    *,
    error: BaseException | None = None,
    **extra: object,
) -> logging.LogRecord:
    """One record, with fields, and an exception where there is one."""
    info = None if error is None else (type(error), error, error.__traceback__)
    logger = logging.getLogger("collector.daemon.faults")
    return logger.makeRecord(
        logger.name, level, __file__, 7, "%s", (message,), info, "record", extra
    )


def a_bug() -> BaseException:
    """An exception with a traceback."""
    try:
        _fail()
    except ZeroDivisionError as error:
        return error
    raise AssertionError


def _fail() -> None:
    raise ZeroDivisionError("oops")
