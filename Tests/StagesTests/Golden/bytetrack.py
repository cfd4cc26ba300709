"""ByteTrack as the package supervision has it, for the tests of track.bytetrack.

usage: bytetrack.py track|filter INPUT.json

track   INPUT is a list of frames at 30 a second, each a list of [x, y, width, height, score, class], the scores of a
        frame all different. Prints a list of frames, each with the track of every detection, 0 for none. ByteTrack
        itself knows no classes: each class gets a tracker of its own.
filter  INPUT is a list of boxes [x, y, width, height] or null where nothing was measured. Prints the filtered boxes.
"""
import json
import sys

import numpy as np
from supervision.tracker.byte_tracker.core import ByteTrack, STrack
from supervision.tracker.byte_tracker.kalman_filter import KalmanFilter


def track(frames):
    classes = sorted({int(d[5]) for frame in frames for d in frame})
    # High scores from 0.5 on, new tracks from 0.6 on, at least 0.2 of IoU x score, ids from the second detection on.
    trackers = {
        c: ByteTrack(
            track_activation_threshold=0.5, lost_track_buffer=30, minimum_matching_threshold=0.8, frame_rate=30
        )
        for c in classes
    }
    result = []
    for frame in frames:
        ids = [0] * len(frame)
        for c, tracker in trackers.items():
            rows = [(i, d) for i, d in enumerate(frame) if d[5] == c]
            tensors = np.array([[x, y, x + w, y + h, s, c] for _, (x, y, w, h, s, _) in rows]).reshape(-1, 6)
            # A track carries the score of the detection that it took, which tells which one that was.
            by_score = {float(d[4]): i for i, d in rows}
            assert len(by_score) == len(rows), "two scores are the same"
            for found in tracker.update_with_tensors(tensors):
                if found.external_track_id > 0:
                    ids[by_score[float(found.score)]] = found.external_track_id
        result.append(ids)
    return result


def filtered(boxes):
    kalman = KalmanFilter()
    mean = covariance = None
    result = []
    for box in boxes:
        if mean is not None:
            mean, covariance = kalman.predict(mean, covariance)
        if box is not None:
            measured = STrack.tlwh_to_xyah(np.array(box, dtype=float))
            if mean is None:
                mean, covariance = kalman.initiate(measured)
            else:
                mean, covariance = kalman.update(mean, covariance, measured)
        x, y, a, h = mean[:4]
        result.append([x - a * h / 2, y - h / 2, a * h, h])
    return result


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as file:
        given = json.load(file)
    json.dump({"track": track, "filter": filtered}[sys.argv[1]](given), sys.stdout)
