"""The program that is looked at, in a folder of its own."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from . import masks

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def model_store():
    """Where the program itself looks for models."""
    if "EDGEPIPE_MODELS" in os.environ:
        return pathlib.Path(os.environ["EDGEPIPE_MODELS"])
    data = os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share"
    return pathlib.Path(data) / "edgepipe/models"


class Program:
    """Runs commands in a scratch folder, and collects what they give as named texts."""

    def __init__(self, edgepipe):
        self.edgepipe = str(pathlib.Path(edgepipe).resolve())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="golden-"))
        self.store = self.folder / "models"
        self.store.mkdir()
        for name in ("samples", "pipelines"):
            (self.folder / name).symlink_to(ROOT / name)
        self.texts = {}
        # Beginnings of names of texts that could not be made here.
        self.skipped = []
        # Nothing of the caller's settings, but what finds libraries and programs.
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        self.environment |= {"EDGEPIPE_MODELS": str(self.store), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if "EDGEPIPE_ONNXRUNTIME" in os.environ:
            self.environment["EDGEPIPE_ONNXRUNTIME"] = os.environ["EDGEPIPE_ONNXRUNTIME"]
        else:
            libraries = sorted((ROOT / ".deps/lib").glob("libonnxruntime.so*"))
            if libraries:
                self.environment["EDGEPIPE_ONNXRUNTIME"] = str(libraries[-1])
        self.replacements = [(str(self.folder), "<folder>"), (str(ROOT), "<root>"), (self.edgepipe, "<edgepipe>")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def needs(self, texts, models=(), files=()):
        """Copies models of the user's store, and says whether all is there that the texts of that beginning need."""
        missing = [f"the model {name}" for name in models if not (model_store() / name / "manifest.json").exists()]
        missing += [str(file) for file in files if not (self.folder / file).exists()]
        if missing:
            print(f"golden: skipped {texts}: {', '.join(missing)} is missing", file=sys.stderr)
            self.skipped.append(texts)
            return False
        for name in models:
            if not (self.store / name).exists():
                shutil.copytree(model_store() / name, self.store / name)
        return True

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else "(there is no such file)\n"

    def start(self, *arguments, errors):
        """A command at work, whose standard error goes into the file `errors`."""
        with open(self.folder / errors, "wb") as file:
            return subprocess.Popen(
                [self.edgepipe, *arguments], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=file)

    def run(self, *arguments, stdin="", environment=None):
        return subprocess.run(
            [self.edgepipe, *map(str, arguments)], cwd=self.folder, env=self.environment | (environment or {}),
            input=stdin, capture_output=True, text=True, timeout=600)

    def record(self, name, *arguments, output=str, errors=str, stdin="", environment=None):
        """Runs a command and keeps its status and what it printed under `name`; several go into one text."""
        result = self.run(*arguments, stdin=stdin, environment=environment)
        said = f"$ edgepipe {' '.join(map(str, arguments))}\nexit {result.returncode}\n"
        said += output(result.stdout)
        if result.stderr:
            said += "--- standard error\n" + errors(result.stderr)
        self.keep(name, said)
        return result

    def keep(self, name, text):
        text = masks.places(text, self.replacements)
        self.texts[name] = self.texts.get(name, "") + (text if text.endswith("\n") or not text else text + "\n")
