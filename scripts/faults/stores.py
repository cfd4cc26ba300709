"""A model store with models that do badly when they are told to, for the soak of the service's faults."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

from rig import ROOT, Failed

PYTHON = ROOT / ".deps/python/bin/python"
MAKER = ROOT / "Tests/EndToEndTests/Support/dark_models.py"


class ModelStore:
    """`plain`, which finds nothing, and `dark`, which never answers for a dark picture."""

    needs = "onnx in .deps/python (scripts/setup --tests)"

    @staticmethod
    def is_possible():
        return PYTHON.exists() and subprocess.run([PYTHON, "-c", "import onnx, numpy"], capture_output=True).returncode == 0

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        made = subprocess.run([PYTHON, MAKER, self.folder], capture_output=True, text=True)
        if made.returncode:
            raise Failed(f"{MAKER.name}: {made.stderr.strip()}")

    @property
    def environment(self):
        """What a program needs that is to use it."""
        installed = [str(path) for path in sorted((ROOT / ".deps/lib").glob("libonnxruntime.so*"))]
        library = os.environ.get("EDGEPIPE_ONNXRUNTIME") or (installed or [""])[-1]
        return {"EDGEPIPE_MODELS": str(self.folder), **({"EDGEPIPE_ONNXRUNTIME": library} if library else {})}

    def copy(self, name):
        """`plain` under another name, and with other bytes, so that its copies are its own; returns the model's file."""
        folder = self.folder / name
        shutil.copytree(self.folder / "plain", folder)
        model, manifest = folder / "model.onnx", folder / "manifest.json"
        # Field 3 of the model's message, `producer_version`: a text that nothing reads.
        model.write_bytes(model.read_bytes() + bytes([0x1A, len(name)]) + name.encode())
        facts = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**facts, "name": name, "sha256": hashlib.sha256(model.read_bytes()).hexdigest()}))
        return model

    def keeps(self, content):
        """Whether a run has put a copy of these bytes aside."""
        copies = (self.folder / ".kept").glob("*.onnx")
        return any(copy.stat().st_size == len(content) and copy.read_bytes() == content for copy in copies)
