"""A wheel has everything but the shipped networks: the project is used from a clone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_what_a_wheel_installs_works_with_a_bundle_of_ones_own(tmp_path: Path) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    for package in ("model", "hdl", "sim", "mint"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", source)
    code = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, tmp_path], cwd=source, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)

    def mint(*words: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "mint", *map(str, words)]
        variables = os.environ | {"PYTHONPATH": str(site)}
        return subprocess.run(command, cwd=site, env=variables, capture_output=True, encoding="utf-8", check=False)

    bundle = ROOT / "bundles" / "mlp-fashion-w4u4.safetensors"
    made = mint("verilog", "--bundle", bundle, "-o", tmp_path / "made")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "made" / "mint.vlt").is_file()
    lacks = mint("cosim", "-W", "4", "-U", "4")
    assert lacks.returncode == 2
    assert "no network of w4u4 ships; name yours with --bundle" in lacks.stderr
