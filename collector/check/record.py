"""Keeps a capture: what the driver answered to everything, to be replayed without a GPU."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from collector.check.model import GpuReport, Report

FORMAT = "wattkeeper-capture/1"
MADE_BY = "wattkeeper check"
"""Says that a driver answered; whoever makes captures in another way says so there."""
_RAW = frozenset({"raw", "outputs"})
_IDS = "ids"
"""What a call's bytes hold that tells whose machine it is, in hex; kept in no capture."""
_LEAST_ID = 8
"""Shorter texts would be found in bytes that mean something else."""


class RecordError(Exception):
    """A capture cannot be kept. The text says which file, why, and what to do."""


def make_sure_writable(path: Path) -> None:
    """Find out before the check whether its capture can be kept.

    Raises:
        RecordError: it cannot.
    """
    if path.is_dir():
        raise RecordError(f"--record {path}: that is a directory; give the name of a file")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise _cannot(path, error) from None


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        RecordError: it cannot be written.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", delete=False
        ) as file:
            temporary = file.name
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise _cannot(path, error) from None


def capture(report: Report, *, keep_ids: bool) -> str:
    """A report's driver calls as text.

    Args:
        report: a report with calls.
        keep_ids: whether serial numbers and UUIDs stay as they are.

    Raises:
        RecordError: no GPU answered, so that there is nothing to keep.
    """
    if not any(gpu.calls for gpu in report.gpus):
        raise RecordError("--record: no GPU answered, so nothing was kept")
    return dump(
        {
            "format": FORMAT,
            "made_by": MADE_BY,
            "simulated": report.simulated,
            "wattkeeper_version": report.version,
            "ids_kept": keep_ids,
            "gpus": [_gpu(gpu, keep_ids=keep_ids) for gpu in report.gpus if gpu.calls is not None],
        }
    )


def dump(value: object, depth: int = 0) -> str:
    """JSON with a line for each call: small, and good to compare.

    Args:
        value: what JSON can hold.
        depth: how far to indent.
    """
    pad = " " * (depth + 1)
    end = "\n" if depth == 0 else ""
    if isinstance(value, Mapping) and any(_holds_mappings(item) for item in value.values()):
        items = [f"{json.dumps(key)}: {dump(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(pad + item for item in items) + "\n" + pad[1:] + "}" + end
    if isinstance(value, list) and _holds_mappings(value):
        items = [dump(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(pad + item for item in items) + "\n" + pad[1:] + "]" + end
    return json.dumps(value) + end


def _holds_mappings(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(item, Mapping) for item in value)
    )


def _gpu(gpu: GpuReport, *, keep_ids: bool) -> dict[str, object]:
    identity: dict[str, object] = {} if gpu.identity is None else asdict(gpu.identity)
    calls = gpu.calls or ()
    if gpu.identity is not None and not keep_ids:
        uuid, serial = gpu.identity.uuid, gpu.identity.serial
        aliases = {uuid: uuid_alias(uuid), serial: serial_alias(uuid, len(serial))}
        identity |= {"uuid": aliases[uuid], "serial": aliases[serial]}
        calls = tuple(_without(call, aliases) for call in calls)
    kept = [{key: said for key, said in call.items() if key != _IDS} for call in calls]
    return {"identity": identity, "measured": _measured(gpu), "calls": kept}


def _measured(gpu: GpuReport) -> dict[str, object]:
    power, counter = gpu.power, gpu.counter
    return {
        "power": None
        if power is None
        else {
            "scopes": list(power.scopes),
            "refresh_seconds": power.refresh_seconds,
            "cost_median_us": round(power.cost.median_us, 1),
            "cost_max_us": round(power.cost.max_us, 1),
        },
        "counter": None
        if counter is None
        else {
            "refresh_seconds": counter.refresh_seconds,
            "step_joules": counter.step_joules,
            "ratio": counter.ratio,
            "scope": counter.scope,
            "cost_median_us": round(counter.cost.median_us, 1),
            "cost_max_us": round(counter.cost.max_us, 1),
        },
    }


def _without(call: Mapping[str, object], aliases: Mapping[str, str]) -> dict[str, object]:
    """A call whose raw bytes hold aliases where they held an id."""
    ids = call.get(_IDS, ())
    more = [one for one in ids if isinstance(one, str)] if isinstance(ids, list) else []

    def clean(said: object) -> object:
        if isinstance(said, list):
            return [clean(item) for item in said]
        for id_hex in more:
            if isinstance(said, str) and len(id_hex) >= 2 * _LEAST_ID:
                said = said.replace(id_hex, id_alias(id_hex))
        for real, alias in aliases.items():
            if isinstance(said, str) and len(real) >= _LEAST_ID:
                said = said.replace(real.encode().hex(), alias.encode().hex())
        return said

    return {key: clean(said) if key in _RAW else said for key, said in call.items()}


def uuid_alias(uuid: str) -> str:
    """A UUID that stands for another; the same for the same, and no way back."""
    digest = sha256(f"uuid/{uuid}".encode()).hexdigest()
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    return "GPU-" + "-".join(parts)


def id_alias(id_hex: str) -> str:
    """Letters that stand for an id of any other kind, in hex and of the same length."""
    digest = sha256(f"id/{id_hex}".encode()).hexdigest()
    letters = "".join(f"{ord('A') + int(digit, 16):02x}" for digit in digest)
    return (letters * (len(id_hex) // len(letters) + 1))[: len(id_hex)]


def serial_alias(uuid: str, digits: int) -> str:
    """A serial number for a GPU; from its UUID, since serials are few enough to be guessed.

    Args:
        uuid: the GPU's UUID.
        digits: length of the real one; none stays none.
    """
    number = int(sha256(f"serial/{uuid}".encode()).hexdigest(), 16)
    return f"{number % 10**digits:0{digits}d}" if digits else ""


def _cannot(path: Path, error: OSError) -> RecordError:
    return RecordError(
        f"--record {path}: cannot write there ({error.strerror or error}); "
        "give a file in a directory that exists and that you may write to"
    )
