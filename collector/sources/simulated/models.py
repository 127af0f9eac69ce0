"""The boards that can be simulated: figures a datasheet, a driver or a measurement states.

Limits, SM and memory clocks and memory sizes are those that `nvidia-smi` prints for the board.
Guesses, for want of a public figure: all thermal resistances and time constants, the idle power of
GB200 and GB300, the temperature limits of the Blackwell boards, and the Grace CPU's part.
"""

from dataclasses import dataclass

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardModel:
    """One model of GPU.

    Attributes:
        name: the model as the driver reports it.
        architecture: its architecture.
        idle_mw: power without work and with its clocks down, milliwatts.
        limit_mw: default and highest power limit, milliwatts.
        limit_min_mw: lowest limit that can be set, milliwatts.
        clock_idle_hertz: SM clock without work.
        clock_sm_hertz: highest SM clock.
        clock_memory_hertz: memory clock, idle or not.
        memory_bytes: memory in all.
        shutdown_celsius: temperature at which the GPU switches itself off.
        slowdown_celsius: temperature at which the hardware slows down.
        gpu_max_celsius: temperature that the driver regulates to; throttling begins here.
        memory_max_celsius: highest temperature of the memory.
        inlet_celsius: air or coolant that arrives at the board.
        rise_celsius: GPU above inlet in the long run at the power limit.
        memory_rise_celsius: memory above inlet in the long run at the power limit.
        settle_seconds: time constant of the GPU's temperature.
        memory_settle_seconds: time constant of the memory's temperature.
        host_idle_mw: idle power of the module's other parts, for each GPU; 0 without a module.
        host_busy_mw: what these add under load.
    """

    name: str
    architecture: str
    idle_mw: int
    limit_mw: int
    limit_min_mw: int
    clock_idle_hertz: float
    clock_sm_hertz: float
    clock_memory_hertz: float
    memory_bytes: int
    shutdown_celsius: float
    slowdown_celsius: float
    gpu_max_celsius: float
    memory_max_celsius: float
    inlet_celsius: float
    rise_celsius: float
    memory_rise_celsius: float
    settle_seconds: float
    memory_settle_seconds: float
    host_idle_mw: int = 0
    host_busy_mw: int = 0

    @property
    def is_module(self) -> bool:
        """Whether the GPU shares a module with a CPU, whose power is reported too."""
        return self.host_idle_mw > 0


_A100 = BoardModel(
    name="NVIDIA A100-SXM4-80GB",
    architecture="Ampere",
    idle_mw=58_000,
    limit_mw=400_000,
    limit_min_mw=100_000,
    clock_idle_hertz=210e6,
    clock_sm_hertz=1410e6,
    clock_memory_hertz=1593e6,
    memory_bytes=81_920 * _MIB,
    shutdown_celsius=92,
    slowdown_celsius=89,
    gpu_max_celsius=85,
    memory_max_celsius=95,
    inlet_celsius=29,
    rise_celsius=34,
    memory_rise_celsius=40,
    settle_seconds=14,
    memory_settle_seconds=24,
)

_H100 = BoardModel(
    name="NVIDIA H100 80GB HBM3",
    architecture="Hopper",
    idle_mw=70_000,
    limit_mw=700_000,
    limit_min_mw=200_000,
    clock_idle_hertz=345e6,
    clock_sm_hertz=1980e6,
    clock_memory_hertz=2619e6,
    memory_bytes=81_559 * _MIB,
    shutdown_celsius=95,
    slowdown_celsius=89,
    gpu_max_celsius=87,
    memory_max_celsius=95,
    inlet_celsius=29,
    rise_celsius=38,
    memory_rise_celsius=46,
    settle_seconds=12,
    memory_settle_seconds=22,
)

_H200 = BoardModel(
    name="NVIDIA H200",
    architecture="Hopper",
    idle_mw=76_000,
    limit_mw=700_000,
    limit_min_mw=200_000,
    clock_idle_hertz=345e6,
    clock_sm_hertz=1980e6,
    clock_memory_hertz=3201e6,
    memory_bytes=143_771 * _MIB,
    shutdown_celsius=95,
    slowdown_celsius=89,
    gpu_max_celsius=87,
    memory_max_celsius=95,
    inlet_celsius=29,
    rise_celsius=38,
    memory_rise_celsius=48,
    settle_seconds=12,
    memory_settle_seconds=22,
)

_B200 = BoardModel(
    name="NVIDIA B200",
    architecture="Blackwell",
    idle_mw=145_000,
    limit_mw=1_000_000,
    limit_min_mw=200_000,
    clock_idle_hertz=120e6,
    clock_sm_hertz=1965e6,
    clock_memory_hertz=3996e6,
    memory_bytes=183_359 * _MIB,
    shutdown_celsius=95,
    slowdown_celsius=89,
    gpu_max_celsius=87,
    memory_max_celsius=95,
    inlet_celsius=28,
    rise_celsius=40,
    memory_rise_celsius=50,
    settle_seconds=13,
    memory_settle_seconds=24,
)

_GB200 = BoardModel(
    name="NVIDIA GB200",
    architecture="Blackwell",
    idle_mw=165_000,
    limit_mw=1_200_000,
    limit_min_mw=200_000,
    clock_idle_hertz=120e6,
    clock_sm_hertz=2062e6,
    clock_memory_hertz=3996e6,
    memory_bytes=189_471 * _MIB,
    shutdown_celsius=95,
    slowdown_celsius=89,
    gpu_max_celsius=87,
    memory_max_celsius=95,
    inlet_celsius=36,
    rise_celsius=26,
    memory_rise_celsius=36,
    settle_seconds=6,
    memory_settle_seconds=12,
    host_idle_mw=62_000,
    host_busy_mw=88_000,
)

_GB300 = BoardModel(
    name="NVIDIA GB300",
    architecture="Blackwell",
    idle_mw=175_000,
    limit_mw=1_400_000,
    limit_min_mw=200_000,
    clock_idle_hertz=120e6,
    clock_sm_hertz=2070e6,
    clock_memory_hertz=3996e6,
    memory_bytes=284_208 * _MIB,
    shutdown_celsius=95,
    slowdown_celsius=89,
    gpu_max_celsius=87,
    memory_max_celsius=95,
    inlet_celsius=38,
    rise_celsius=27,
    memory_rise_celsius=37,
    settle_seconds=6,
    memory_settle_seconds=12,
    host_idle_mw=64_000,
    host_busy_mw=92_000,
)

MODELS = {
    "A100": _A100,
    "H100": _H100,
    "H200": _H200,
    "B200": _B200,
    "GB200": _GB200,
    "GB300": _GB300,
}
"""Board models by the word that `simulation.model` takes."""
