"""dcgm-exporter's words: its names, types, units and labels, from our values."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collector.catalogue import BY_NAME, Labels
from collector.catalogue.dcgm import ALIASES, DIALECTS, LAST_XID
from collector.catalogue.xids import xid_of
from collector.model import GpuIdentity, GpuSnapshot, Snapshot, Tick
from exporters.prometheus.dcgm import DcgmWriter
from exporters.prometheus.render import Renderer

OLD = {
    *("SM_CLOCK", "MEM_CLOCK", "MEMORY_TEMP", "GPU_TEMP", "POWER_USAGE"),
    *("GPU_UTIL", "MEM_COPY_UTIL", "ENC_UTIL", "DEC_UTIL", "XID_ERRORS"),
    *("FB_FREE", "FB_USED", "FB_RESERVED", "ROW_REMAP_FAILURE"),
    *("TOTAL_ENERGY_CONSUMPTION", "PCIE_REPLAY_COUNTER", "NVLINK_BANDWIDTH_TOTAL"),
    *("UNCORRECTABLE_REMAPPED_ROWS", "CORRECTABLE_REMAPPED_ROWS"),
}
"""The default counters of 4.8 whose names begin with DCGM_FI_DEV_, but for the vGPU licence."""
COUNTERS = {
    *("TOTAL_ENERGY_CONSUMPTION", "PCIE_REPLAY_COUNTER", "NVLINK_BANDWIDTH_TOTAL"),
    *("UNCORRECTABLE_REMAPPED_ROWS", "CORRECTABLE_REMAPPED_ROWS"),
}
PROF = {"GR_ENGINE_ACTIVE", "PIPE_TENSOR_ACTIVE", "DRAM_ACTIVE", "PCIE_TX_BYTES", "PCIE_RX_BYTES"}
SECOND_NS = 1_000_000_000


def shown(index: int, *, read_s: int = 100, moved: float = 0.0) -> GpuSnapshot:
    """A GPU that has everything an alias asks for."""
    values: dict[str, dict[Labels, float]] = {}
    for number, alias in enumerate(ALIASES):
        for labels in alias.labels:
            value = moved if alias.rate else float(number + index)
            values.setdefault(alias.metric, {})[labels] = value
    values["gpu_energy_joules_total"] = {("gpu",): 12.5, ("module",): 99.0}
    values[LAST_XID.metric] = {("31",): 5.0, ("79",): 9.0, ("13",): 7.0}
    return GpuSnapshot(
        gpu=GpuIdentity(
            uuid=f"GPU-{index}",
            index=index,
            model='H"200',
            pci_bus_id="00000000:19:00.0",
            driver_version="570.1",
        ),
        up=True,
        values=values,
        slow_read_ns=read_s * SECOND_NS,
    )


def snapshot(*gpus: GpuSnapshot) -> Snapshot:
    return Snapshot(
        node="n1", version="0", wall_ns=0, monotonic_ns=0, simulated=False, gpus=gpus, daemon={}
    )


def families(text: bytes) -> dict[str, tuple[str, dict[str, tuple[dict[str, str], float]]]]:
    """By name as written: the type, and by `gpu` the labels and the value."""
    found: dict[str, tuple[str, dict[str, tuple[dict[str, str], float]]]] = {}
    kinds = dict(
        line.split()[2:] for line in text.decode().splitlines() if line.startswith("# TYPE ")
    )
    for line in text.decode().splitlines():
        if line.startswith("#"):
            continue
        (family,) = text_string_to_metric_families(f"{line}\n")
        (sample,) = family.samples
        _, samples = found.setdefault(sample.name, (kinds[sample.name], {}))
        samples[sample.labels["gpu"]] = (sample.labels, sample.value)
    return found


def spoken(dialect: str) -> dict[str, tuple[str, dict[str, tuple[dict[str, str], float]]]]:
    writer = DcgmWriter([dialect])
    writer.write(snapshot(shown(0), shown(1)))
    later = [shown(index, read_s=110, moved=5e6) for index in (0, 1)]
    return families(writer.write(snapshot(*later)))


def test_the_names_and_types_are_those_of_4_8() -> None:
    found = spoken("dcgm")
    assert set(found) == {f"DCGM_FI_DEV_{name}" for name in OLD} | {
        f"DCGM_FI_PROF_{name}" for name in PROF
    }
    counters = {name for name, (kind, _) in found.items() if kind == "counter"}
    assert counters == {f"DCGM_FI_DEV_{name}" for name in COUNTERS}


def test_the_labels_come_in_the_order_of_4_8() -> None:
    labels, _ = spoken("dcgm")["DCGM_FI_DEV_GPU_TEMP"][1]["1"]
    assert labels == {
        "gpu": "1",
        "UUID": "GPU-1",
        "pci_bus_id": "00000000:19:00.0",
        "device": "nvidia1",
        "modelName": 'H"200',
        "Hostname": "n1",
        "DCGM_FI_DRIVER_VERSION": "570.1",
    }
    assert list(labels)[:3] == ["gpu", "UUID", "pci_bus_id"]


def test_units_are_theirs() -> None:
    old, new = spoken("dcgm"), spoken("dcgm-4.9")
    for was, now, factor in (
        ("SM_CLOCK", "SM_CLOCK_HERTZ", 1e6),
        ("MEM_CLOCK", "MEMORY_CLOCK_HERTZ", 1e6),
        ("TOTAL_ENERGY_CONSUMPTION", "GPU_ENERGY_JOULES_TOTAL", 1e-3),
        ("GPU_UTIL", "GPU_UTIL_RATIO", 0.01),
        ("MEM_COPY_UTIL", "MEMORY_UTIL_RATIO", 0.01),
        ("ENC_UTIL", "ENC_UTIL_RATIO", 0.01),
        ("DEC_UTIL", "DEC_UTIL_RATIO", 0.01),
        ("FB_FREE", "FB_FREE_BYTES", 1048576),
        ("FB_USED", "FB_USED_BYTES", 1048576),
        ("FB_RESERVED", "FB_RESERVED_BYTES", 1048576),
        ("NVLINK_BANDWIDTH_TOTAL", "NVLINK_THROUGHPUT_BYTES_PER_SECOND", 1e6),
    ):
        before = old[f"DCGM_FI_DEV_{was}"][1]["0"][1]
        after = new[f"DCGM_FI_DEV_{now}"][1]["0"][1]
        assert before * factor == pytest.approx(after), was
    assert old["DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"][1]["0"][1] == 12_500


def test_4_9_renames_23_and_adds_one() -> None:
    old, new = spoken("dcgm"), spoken("dcgm-4.9")
    # The two PCIe rates keep their names, and the 23rd to change is the label of the driver.
    assert len(set(old) - set(new)) == 22
    assert len(set(new) - set(old)) == 23
    assert "DCGM_FI_DEV_FB_CAPACITY_BYTES" in new
    labels, _ = new["DCGM_FI_DEV_BOARD_POWER_WATTS"][1]["0"]
    assert labels["hostname"] == "n1"
    assert labels["DCGM_FI_SYSTEM_DRIVER_VERSION"] == "570.1"


def test_a_rate_is_the_growth_between_two_readings() -> None:
    found = spoken("dcgm")
    # Both directions grew by 5 MB in 10 s.
    assert found["DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL"][1]["0"][1] == pytest.approx(1.0)
    assert found["DCGM_FI_PROF_PCIE_TX_BYTES"][1]["1"][1] == pytest.approx(5e5)
    writer = DcgmWriter(["dcgm"])
    first = families(writer.write(snapshot(shown(0, moved=5e6))))
    assert "DCGM_FI_PROF_PCIE_TX_BYTES" not in first
    reset = families(writer.write(snapshot(shown(0, read_s=110, moved=1.0))))
    assert "DCGM_FI_PROF_PCIE_TX_BYTES" not in reset


def test_the_last_xid_is_shown_with_its_code() -> None:
    labels, value = spoken("dcgm")["DCGM_FI_DEV_XID_ERRORS"][1]["0"]
    assert (value, labels["err_code"]) == (79, "79")
    assert labels["err_msg"] == xid_of(79).meaning
    quiet = replace(shown(0), values={"gpu_xid_errors_total": {("79",): 0.0}})
    found = families(DcgmWriter(["dcgm"]).write(snapshot(quiet)))
    labels, value = found["DCGM_FI_DEV_XID_ERRORS"][1]["0"]
    assert (value, labels["err_code"], labels["err_msg"]) == (0, "0", "No Error")


def test_a_board_without_an_average_shows_its_power_nevertheless() -> None:
    """A T4, or a driver of 470: DCGM asks the same function there that we do."""
    values: dict[str, Mapping[Labels, float]] = {
        **shown(0).values,
        "gpu_power_watts": {("gpu",): 68.0, ("module",): 99.0},
    }
    for name, dialect in (("POWER_USAGE", "dcgm"), ("BOARD_POWER_WATTS", "dcgm-4.9")):
        both = replace(shown(0), values=values)
        found = families(DcgmWriter([dialect]).write(snapshot(both)))
        average = shown(0).values["gpu_power_average_watts"][()]
        assert found[f"DCGM_FI_DEV_{name}"][1]["0"][1] == average
        bare = {key: series for key, series in values.items() if key != "gpu_power_average_watts"}
        found = families(DcgmWriter([dialect]).write(snapshot(replace(shown(0), values=bare))))
        assert found[f"DCGM_FI_DEV_{name}"][1]["0"][1] == 68.0


def test_what_is_not_known_is_absent() -> None:
    bare = replace(shown(0), values={"gpu_up": {(): 0.0}})
    assert DcgmWriter(list(DIALECTS)).write(snapshot(bare)) == b""


def test_both_dialects_share_a_family_where_the_name_is_the_same() -> None:
    writer = DcgmWriter(list(DIALECTS))
    writer.write(snapshot(shown(0)))
    text = writer.write(snapshot(shown(0, read_s=110, moved=5e6))).decode()
    assert text.count("# TYPE DCGM_FI_PROF_PCIE_TX_BYTES gauge\n") == 1
    assert text.count("\nDCGM_FI_PROF_PCIE_TX_BYTES{") == 2


def test_with_a_dialect_only_the_text_format_is_spoken() -> None:
    openmetrics = "application/openmetrics-text; version=1.0.0"
    for dialects in ((), ("dcgm",)):
        renderer = Renderer(dialects=dialects)
        renderer.update(Tick.of(snapshot(shown(0))))
        rendered = renderer.render(openmetrics)
        assert ("openmetrics" in rendered.content_type) is not bool(dialects)
        assert (b"\nDCGM_FI_DEV_GPU_TEMP{" in rendered.body) is bool(dialects)


def test_every_alias_shows_a_metric_of_the_catalogue() -> None:
    for alias in (*ALIASES, LAST_XID):
        if alias.instead is not None:
            name, labels = alias.instead
            assert len(labels) == len(BY_NAME[name].labels)
        metric = BY_NAME[alias.metric]
        assert all(len(labels) == len(metric.labels) for labels in alias.labels), alias.metric
