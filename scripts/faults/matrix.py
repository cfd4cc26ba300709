"""The rows of docs/faults.md and how they are run."""
import dataclasses
import time

import rows_connection
import rows_http
import rows_machine
import rows_media
from clips import Clips
from measure import FULL, QUICK, Policy, Result
from rig import Failed, Rig

ROWS = {
    "1": ("camera gone and back", rows_connection.gone_and_back),
    "1c": ("camera gone and back, again and again", rows_connection.cycles),
    "2": ("half-open TCP", rows_connection.half_open),
    "3": ("frozen server", rows_connection.frozen_server),
    "4": ("packet loss", rows_media.loss),
    "5": ("packets reordered and duplicated", rows_media.reordered),
    "6": ("jitter 200 +- 150 ms", rows_media.jittery),
    "7": ("wrong password, then right", rows_connection.wrong_password),
    "8": ("size and codec change", rows_media.changes),
    "9": ("damaged H.264", rows_media.noisy),
    "10": ("dropped packets, lost key frames", rows_media.gaps),
    "11": ("times that jump, go back, wrap", rows_media.times),
    "19": ("SIGTERM under load, and a second one", rows_machine.terminated),
    "22": ("slow sink", rows_machine.slow_sink),
    "23": ("wall clock +- 1 h", rows_machine.clock_steps),
    "24": ("CPU starved", rows_machine.starved),
    "25": ("descriptor and memory limits", rows_machine.limits),
    "28": ("hostile HTTP", rows_http.hostile_http),
}


@dataclasses.dataclass
class Settings:
    edgepipe: str
    folder: str
    quick: bool
    seed: int
    face_model: str = "yunet-n"
    object_model: str = "yolox-nano"

    @property
    def policy(self) -> Policy:
        return QUICK if self.quick else FULL


def run_row(row, settings):
    name, measure = ROWS[row]
    result = Result(row, name)
    result.figure("seed", settings.seed)
    clips = Clips(settings.folder + "/clips")
    start = time.monotonic()
    with Rig(settings, row) as rig:
        try:
            measure(rig, clips, result)
        except Failed as failure:
            result.check("the row could be measured", False, str(failure))
        except Exception as error:  # noqa: BLE001 - one row's surprise must not hide the others
            result.check("the row could be measured", False, f"{type(error).__name__}: {error}")
            if settings.quick:
                raise
    result.seconds = time.monotonic() - start
    return result
