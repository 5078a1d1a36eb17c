"""The machine in words."""

import os
import platform
from pathlib import Path

SIMD = ["sse4_2", "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "asimd", "sve"]


def machine() -> dict:
    """CPU model, cores, SIMD, memory, system; what the system does not tell is left out."""
    about = {"cpu": platform.processor() or platform.machine(), "architecture": platform.machine()}
    about |= {"cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()}
    about |= {"system": f"{platform.system()} {platform.release()}"}
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = (line.partition(":") for line in information.read_text().splitlines())
        fields = {}
        for name, _, value in lines:
            fields.setdefault(name.strip(), value.strip())
        numbers = ", ".join(f"{name} {fields[name]}" for name in ["cpu family", "model"] if name in fields)
        about["cpu"] = fields.get("model name", about["cpu"]) + (f" ({numbers})" if numbers else "")
        flags = fields.get("flags", fields.get("Features", "")).split()
        about["simd"] = [name for name in SIMD if name in flags]
    memory = Path("/proc/meminfo")
    if memory.exists():
        about["memory_bytes"] = int(memory.read_text().split()[1]) * 1024
    return about


def load() -> float | None:
    """How many processes ran on average in the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
