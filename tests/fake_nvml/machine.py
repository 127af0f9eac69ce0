"""Sets up the state file that the fake library reads, and changes it live."""

import contextlib
import ctypes
import mmap
import os
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from tests.fake_nvml import functions, layout, library
from tests.fake_nvml.codes import ERROR_DRIVER_NOT_LOADED, ERROR_LIB_RM_VERSION_MISMATCH
from tests.fake_nvml.faults import clear
from tests.fake_nvml.fields import ValueType
from tests.fake_nvml.gpu import FakeGpu
from tests.fake_nvml.groups import Group
from tests.fake_nvml.layout import FunctionState, GpuState, SegmentState, State
from tests.fake_nvml.profiles import PROFILES, Profile
from tests.fake_nvml.setup import apply_profile, start_truth
from tests.fake_nvml.waveform_store import WaveformStore
from tests.fake_nvml.waveforms import AnyWaveform, Constant

STATE_VARIABLE: Final = "FAKE_NVML_STATE"
_EPOCH_BACK_NANOSECONDS: Final = 10_000_000_000


class FakeNvml:
    """A machine with a fake driver; use as a context manager.

    Creates a state file in `folder` and removes it at the end.  `gpus` are set
    up, of which `visible_gpus` (all) are shown.  `waveform` holds for every GPU;
    by default each draws a constant power of its own.  The true energy is zero
    at the epoch, by default 10 s ago; the counters were then at
    `counter_base_millijoules`.  `identity_seed` makes two machines differ.
    `library_path` saves building the library into `folder`.  Without a number of
    GPUs there are as many as the profile says: 8, on a tray 4.
    """

    def __init__(  # noqa: PLR0913 - keywords, each with a default
        self,
        folder: Path,
        gpus: int | None = None,
        profile: str | Profile = "H200",
        *,
        waveform: AnyWaveform | None = None,
        visible_gpus: int | None = None,
        counter_base_millijoules: int = 123_456_789_000,
        epoch_monotonic_nanoseconds: int | None = None,
        identity_seed: str = "node",
        old_driver: bool | None = None,
        library_path: Path | None = None,
    ) -> None:
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        count = self.profile.gpus if gpus is None else gpus
        if not 0 <= count <= layout.GPUS_MAX:
            raise ValueError(f"at most {layout.GPUS_MAX} GPUs")
        is_old = self.profile.old_driver if old_driver is None else old_driver
        folder.mkdir(parents=True, exist_ok=True)
        self.library_path = (
            library.build(folder, old_driver=is_old) if library_path is None else library_path
        ).resolve()
        self.lock = threading.RLock()
        self._previous_variable: str | None = None
        self._is_in_process = False
        self._waveforms = WaveformStore()
        handle, name = tempfile.mkstemp(prefix="fake-nvml-", suffix=".state", dir=folder)
        try:
            os.ftruncate(handle, ctypes.sizeof(State))
            self._mapping = mmap.mmap(handle, ctypes.sizeof(State))
        finally:
            os.close(handle)
        self.state_path = Path(name).resolve()
        self._state: State | None = State.from_buffer(self._mapping)
        state = self._state
        state.layout_version = layout.LAYOUT_VERSION
        state.gpus_max = layout.GPUS_MAX
        state.total_bytes = ctypes.sizeof(State)
        state.gpu_bytes = ctypes.sizeof(GpuState)
        state.function_count = len(functions.names())
        state.group_count = len(Group)
        state.wall_offset_nanoseconds = time.time_ns() - time.monotonic_ns()
        state.driver_version = self.profile.driver_version.encode()
        state.nvml_version = self.profile.nvml_version.encode()
        state.cuda_driver_version = self.profile.cuda_driver_version
        state.stale_client_error = ERROR_LIB_RM_VERSION_MISMATCH
        epoch = epoch_monotonic_nanoseconds
        if epoch is None:
            epoch = time.monotonic_ns() - _EPOCH_BACK_NANOSECONDS
        self._gpus = tuple(FakeGpu(self, index) for index in range(count))
        for gpu in self._gpus:
            apply_profile(gpu, self.profile, identity_seed)
            start_truth(
                gpu,
                epoch,
                counter_base_millijoules,
                waveform or Constant(self.profile.busy_milliwatts - 1000 * gpu.index),
            )
        state.gpu_count = count
        state.visible_gpus = count if visible_gpus is None else visible_gpus
        # Last: without it the library refuses the file.
        state.magic = layout.MAGIC

    # ---- Life ---------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release what hangs, unmap and delete the state file."""
        if self._state is None:
            return
        self.release()
        if self._is_in_process:
            if self._previous_variable is None:
                os.environ.pop(STATE_VARIABLE, None)
            else:
                os.environ[STATE_VARIABLE] = self._previous_variable
        self._state = None
        # Still mapped while someone holds a part of the state: harmless.
        with contextlib.suppress(BufferError):
            self._mapping.close()
        self.state_path.unlink(missing_ok=True)

    @property
    def state(self) -> State:
        """The state file."""
        if self._state is None:
            raise ValueError("this fake is closed")
        return self._state

    def environment(self) -> dict[str, str]:
        """What a child process needs in its environment to use this fake."""
        earlier = os.environ.get("LD_LIBRARY_PATH")
        folders = [str(self.library_path.parent), *([earlier] if earlier else [])]
        return {"LD_LIBRARY_PATH": ":".join(folders), STATE_VARIABLE: str(self.state_path)}

    def load_in_process(self) -> ctypes.CDLL:
        """Make this process use the fake from its next nvmlInit on.

        Call it before pynvml's first nvmlInit.  The library stays loaded for
        good; close() takes the state file away again.
        """
        handle = library.load(self.library_path)
        if not self._is_in_process:
            self._previous_variable = os.environ.get(STATE_VARIABLE)
            self._is_in_process = True
        os.environ[STATE_VARIABLE] = str(self.state_path)
        return handle

    # ---- GPUs ---------------------------------------------------------------

    @property
    def gpus(self) -> tuple[FakeGpu, ...]:
        """All GPUs, also those not visible."""
        return self._gpus

    def gpu(self, index: int) -> FakeGpu:
        """The GPU at an index."""
        return self._gpus[index]

    def true_energy_millijoules(self, gpu: int, monotonic_nanoseconds: int) -> int:
        """True energy of a GPU since the epoch in whole mJ."""
        return self._gpus[gpu].true_energy_millijoules(monotonic_nanoseconds)

    def true_power_milliwatts(self, gpu: int, monotonic_nanoseconds: int) -> int:
        """True power of a GPU at an instant in mW."""
        return self._gpus[gpu].true_power_milliwatts(monotonic_nanoseconds)

    @property
    def visible_gpus(self) -> int:
        """How many GPUs the driver shows; the first ones."""
        return int(self.state.visible_gpus)

    @visible_gpus.setter
    def visible_gpus(self, count: int) -> None:
        if not 0 <= count <= len(self._gpus):
            raise ValueError("more visible GPUs than were set up")
        self.state.visible_gpus = count

    def latch_visible_gpus(self, *, value: bool = True) -> None:
        """Let a client see the number as of its nvmlInit, as the real driver does."""
        self.state.latch_visible_gpus = int(value)

    # ---- The driver ---------------------------------------------------------

    def set_init_error(self, code: int | None = ERROR_DRIVER_NOT_LOADED) -> None:
        """Let nvmlInit fail with an NVML code; None: no more."""
        self.state.init_error = code or 0

    def set_call_error(self, code: int | None = ERROR_DRIVER_NOT_LOADED) -> None:
        """Let every call of initialised clients fail; None: no more."""
        self.state.call_error = code or 0

    def unload_driver(self) -> None:
        """Let nvmlInit and every call fail with DRIVER_NOT_LOADED."""
        self.set_init_error()
        self.set_call_error()

    def reload_driver(self, stale_client_error: int = ERROR_LIB_RM_VERSION_MISMATCH) -> None:
        """Load the driver anew: counters restart, clients must initialise again.

        Calls of clients initialised before fail with `stale_client_error` until
        they have shut NVML down and initialised it again.
        """
        for gpu in self._gpus:
            gpu.reset_counter()
        self.state.stale_client_error = stale_client_error
        self.state.driver_generation += 1
        self.set_init_error(None)
        self.set_call_error(None)

    def set_init_latency(self, microseconds: float) -> None:
        """Delay nvmlInit."""
        self.state.init_latency_nanoseconds = round(microseconds * 1000)

    def set_global_lock(self, mode: Literal["off", "latency", "hang"]) -> None:
        """Serialise a process's calls for their latency, or while hung as well."""
        self.state.global_lock = ("off", "latency", "hang").index(mode)

    # ---- Faults and values, by name -----------------------------------------

    def _system(self, name: str) -> FunctionState:
        function = self.state.functions[functions.number(name)]
        assert isinstance(function, FunctionState)
        return function

    def set_error(self, function: str, code: int | None) -> None:
        """Let a function fail with an NVML code, on every GPU; None: no more."""
        if functions.is_system(function):
            self._system(function).error = code or 0
        for gpu in () if functions.is_system(function) else self._gpus:
            gpu.set_error(function, code)

    def set_latency(self, microseconds: float, function: str) -> None:
        """Delay a function, on every GPU; 0: no more."""
        if functions.is_system(function):
            self._system(function).latency_nanoseconds = round(microseconds * 1000)
        for gpu in () if functions.is_system(function) else self._gpus:
            gpu.set_latency(microseconds, function)

    def hang(self, function: str) -> None:
        """Block a function, on every GPU, until release()."""
        if functions.is_system(function):
            self._system(function).is_hung = 1
        for gpu in () if functions.is_system(function) else self._gpus:
            gpu.hang(function)

    def release(self, function: str | None = None) -> None:
        """End all hangs of every GPU and of the driver, or those of a function."""
        if function is None:
            clear(self.state.functions)
        elif functions.is_system(function):
            self._system(function).is_hung = 0
        for gpu in self._gpus:
            gpu.release(function)

    def set_field(
        self,
        gpu: int,
        field: int,
        scope: int | None,
        value: float,
        kind: ValueType | None = None,
    ) -> None:
        """Make a field of a GPU read a value; see `FakeGpu.set_field`."""
        self._gpus[gpu].set_field(field, value, scope=scope, kind=kind)

    def count_field(
        self, gpu: int, field: int, scope: int | None, per_second: float, start: int | None = None
    ) -> int:
        """Let a field of a GPU grow; see `FakeGpu.count_field`."""
        return self._gpus[gpu].count_field(field, per_second, scope=scope, start=start)

    def xid(self, gpu: int, code: int) -> None:
        """Deliver a critical XID of a GPU."""
        self._gpus[gpu].inject_xid(code)

    # ---- What the clients did -----------------------------------------------

    def calls(self, what: Group | str | None = None) -> int:
        """Calls so far by all clients, of a group or function; for a field's group: fields.

        Without either: all but nvmlInit, nvmlShutdown and event waits.
        """
        if what is None:
            return int(self.state.total_calls)
        if isinstance(what, Group):
            return int(self.state.calls[what])
        if functions.is_system(what):
            return int(self._system(what).calls)
        return sum(gpu.calls(what) for gpu in self._gpus)

    @property
    def concurrent_calls(self) -> int:
        """Calls begun while another of the same process was under way."""
        return int(self.state.concurrent_calls)

    @property
    def outstanding_calls_max(self) -> int:
        """Most calls ever under way at once in one process."""
        return int(self.state.outstanding_calls_max)

    @property
    def shutdowns_with_outstanding_calls(self) -> int:
        """Final nvmlShutdowns while a call or an event wait was under way."""
        return int(self.state.shutdowns_with_outstanding_calls)

    @property
    def events_delivered(self) -> int:
        """Events that event waits have returned."""
        return int(self.state.events_delivered)

    @property
    def event_sets_open(self) -> int:
        """Event sets made and not freed, by all clients."""
        return int(self.state.event_sets_open)

    @property
    def gpm_samples_open(self) -> int:
        """GPM samples allocated and not freed, by all clients."""
        return int(self.state.gpm_samples_open)

    @property
    def hung_calls(self) -> int:
        """Calls that have run into a hang of a function without a device so far."""
        return int(self.state.hung_calls)

    # ---- For FakeGpu --------------------------------------------------------

    def store_waveform(self, raw: SegmentState, waveform: AnyWaveform) -> None:
        """Write a waveform into a segment; tables go into the shared pool."""
        self._waveforms.store(self.state, raw, waveform)
