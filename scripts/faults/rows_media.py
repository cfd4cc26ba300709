"""Rows about packets, pictures and times that go wrong: 4, 5, 6, 8, 9, 10 and 11 of docs/faults.md."""
import random
import time

from clips import Clips
from measure import begin, conclude, counters, ledger_of, rate
from rig import ROOT, Failed, Firewall, Relay
from rows_connection import two_cameras, two_sources

# A cell of a mosaic picture that is so many grey levels off is damaged: the encoders' own error is below 10, the
# film's levels are 44 apart.
TOLERANCE = 25


def video(rig, stream):
    return {"id": f"video_{stream}", "type": "sink.video", "after": [stream],
            "config": {"path": str(rig.folder / f"{stream}.mp4")}}


def shown(rig, clips, stream):
    """(frame of the film, whether it is damaged) of every picture that was shown."""
    return [(index, error > TOLERANCE) for index, error in clips.truth().read(rig.folder / f"{stream}.mp4")]


def check_shown(rig, clips, result, stream):
    """Compares the annotated video with the film, picture by picture."""
    pictures = shown(rig, clips, stream)
    result.figure(f"pictures of '{stream}' compared with the film", len(pictures))
    result.equal(f"damaged pictures of '{stream}' shown as good", sum(damaged for _, damaged in pictures), 0)
    return pictures


def loss(rig, clips, result):
    """Row 4: the network loses packets, for a camera over TCP and for one over UDP."""
    if not Firewall.available:
        result.skipped = "needs root for nftables"
        return
    policy, quick = rig.settings.policy, rig.settings.quick
    first = 20000 + 50 * random.randrange(200)
    # Small packets, so that a frame is two or three of them.
    tcp, udp = rig.camera(clips.mosaic()), rig.camera(clips.mosaic(), mtu=300, udp_ports=f"{first}-{first + 40}")
    rig.healthy_camera(clips.moving())
    firewall = Firewall()
    # A lost packet costs the pictures up to the next key frame, which is large and likely to lose one itself: some seconds
    # may pass without a picture, and are no stall.
    run = rig.run([
        rig.source("tcp", tcp.url()), rig.source("udp", udp.url(), transport="udp", stallS=20),
        rig.source("ok", rig.healthy.url()),
        rig.sink(["tcp", "udp", "ok"]), video(rig, "udp")])
    warm = begin(run, ["tcp", "udp", "ok"], policy)
    before = (warm, time.monotonic())
    bounds = {1: 0.60, 5: 0.15, 20: 0.0}
    for percent in [5] if quick else [1, 5, 20]:
        seconds = 3 if quick else 60
        firewall.drop(f"tcp sport {tcp.port}", percent)
        firewall.drop(f"udp sport {first}-{first + 40}", percent)
        since = time.monotonic()
        time.sleep(seconds)
        firewall.reset()
        until = time.monotonic()
        share = rate(run, "udp", since, until)
        # Three seconds hold few losses: only a long run has a meaningful share.
        result.at_least(f"share of frames over UDP at {percent} % loss", share, 0.0 if quick else bounds[percent])
        result.figure(f"share of frames over TCP at {percent} % loss", rate(run, "tcp", since, until))
        recovery = 2 if quick else 10
        time.sleep(recovery)
        full = time.monotonic()
        time.sleep(2 if quick else 10)
        for stream in ("tcp", "udp"):
            result.at_least(f"rate of '{stream}' from {recovery} s after {percent} % loss", rate(run, stream, full, time.monotonic()),
                            0.95)
    after = (time.monotonic() - policy.settle_s, time.monotonic())
    storms = {name: int(camera.tell("clients").split()[1]) - 1 for name, camera in (("tcp", tcp), ("udp", udp))}
    result.equal("reconnections", storms, {"tcp": 0, "udp": 0})
    report = conclude(rig, run, result, {"tcp": 0, "udp": 0}, before, after)
    times = [frame[2] for frame in run.frames_of("tcp")]
    missing = round((times[-1] - times[0]) * 30) + 1 - len(times)
    counted = ledger_of(report, "tcp").get("dropped", 0)
    result.check("frames over TCP that are neither delivered nor counted as dropped", missing <= counted, missing - counted, "<= 0")
    result.figure("counters of the sources", counters(report))
    check_shown(rig, clips, result, "udp")


def reordered(rig, clips, result):
    """Row 5: packets overtake each other and come twice."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips, mtu=300)
    relay = Relay(camera, rig.settings.seed)
    # A copy of a packet costs the pictures up to the next key frame: some seconds may pass without one, and are no stall.
    sources = two_sources(rig, camera, transport="udp", stallS=20)
    rig.environment["URL_cam"] = camera.url(port=relay.port)
    run = rig.run([*sources, video(rig, "cam")])
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    relay.set("reorder=25", "duplicate=5")
    since = time.monotonic()
    time.sleep(3 if quick else 60)
    until = time.monotonic()
    relay.set()
    result.figure("share of frames meanwhile", rate(run, "cam", since, until))
    time.sleep(policy.settle_s)
    full = time.monotonic()
    time.sleep(policy.settle_s)
    result.at_least("rate afterwards", rate(run, "cam", full, time.monotonic()), 0.95)
    after = (full, time.monotonic())
    stats = relay.stats()
    result.check("the relay reordered and duplicated", stats["reordered"] > 0 and stats["duplicated"] > 0,
                 {key: stats[key] for key in ("packets", "reordered", "duplicated")})
    report = conclude(rig, run, result, {"cam": 0}, before, after)
    result.figure("counters of the sources", counters(report))
    pictures = shown(rig, clips, "cam")
    # A figure, not a check: FFmpeg takes a copy of the packet that it has just read for the next one, without a word. In
    # the middle of a picture nobody can tell, and the decoder does not always.
    result.figure("pictures shown, and of them unlike the film", [len(pictures), sum(bad for _, bad in pictures)])
    good = [index for index, bad in pictures if not bad]
    # The server may give the film's first frame twice, once before PLAY and once for it.
    result.equal("good pictures shown twice", sum(a == b != 0 for a, b in zip(good, good[1:])), 0)


def jittery(rig, clips, result):
    """Row 6: everything is 50 to 350 ms late."""
    policy, quick = rig.settings.policy, rig.settings.quick
    tcp, udp = rig.camera(clips.mosaic()), rig.camera(clips.mosaic())
    rig.healthy_camera(clips.moving())
    relays = [Relay(tcp, rig.settings.seed), Relay(udp, rig.settings.seed + 1)]
    sources = [rig.source("tcp", tcp.url(port=relays[0].port)), rig.source("udp", udp.url(port=relays[1].port), transport="udp"),
               rig.source("ok", rig.healthy.url()), rig.sink(["tcp", "udp", "ok"])]
    run = rig.run(sources)
    warm = begin(run, ["tcp", "udp", "ok"], policy)
    before = (warm, time.monotonic())
    for relay in relays:
        relay.set("delay=200", "jitter=150")
    time.sleep(1)
    since = time.monotonic()
    time.sleep(4 if quick else 120)
    until = time.monotonic()
    for stream in ("tcp", "udp"):
        result.at_least(f"share of frames of '{stream}' with 200 +- 150 ms", rate(run, stream, since, until), 0.9)
    after = (until - policy.settle_s, until)
    for relay in relays:
        relay.set()
    report = conclude(rig, run, result, {"tcp": 0, "udp": 0}, before, after)
    highest = max(stage.get("queue_highest", 0) for stage in report["stages"].values())
    result.at_most("most frames that ever waited in a queue", highest, 16)


def changes(rig, clips, result):
    """Row 8: another size in the middle of the stream, another codec on reconnection; boxes follow."""
    policy = rig.settings.policy
    portrait = ROOT / ".deps/samples/astronaut.png"
    if not portrait.exists():
        raise Failed("the portrait is missing: run samples/make")
    # A rectangle of its own for each size: (film, width, height).
    first = Clips(clips.folder, "640x480").still(portrait)
    wide = Clips(clips.folder, "480x480").still(portrait)
    other = Clips(clips.folder, "960x720").still5(portrait)
    # Ten frames a second, so that the detector sees each of them also in a build for debugging.
    camera = rig.camera(first, fps=10)
    rig.healthy_camera(clips.moving())
    run = rig.run([
        rig.source("cam", camera.url()), rig.source("ok", rig.healthy.url()),
        {"id": "scale", "type": "preprocess.letterbox", "after": ["cam"]},
        {"id": "faces", "type": "detect.face", "after": ["scale"],
         "config": {"model": rig.settings.face_model, "shape": [256, 352]}},
        rig.sink(["faces", "ok"])])
    begin(run, ["cam", "ok"], policy)
    sizes = [(640, 480, time.monotonic() - 0.5)]
    camera.tell("swap", "cam", wide)
    time.sleep(policy.settle_s)
    sizes.append((480, 480, time.monotonic() - 0.5))
    swapped = time.monotonic()
    camera.tell("swap", "cam", other)
    camera.tell("drop")
    result.at_most("seconds to the first frame in the other codec",
                   run.wait_frames("cam", 1, 60, since=swapped + 0.05), policy.back_s)
    time.sleep(policy.settle_s)
    sizes.append((960, 720, time.monotonic() - 0.5))
    conclude(rig, run, result, {"cam": 1})
    # The portrait fills the height: where the face is, counted in picture heights from the centre, is always the same.
    places = {}
    for width, height, since in sizes:
        frames = run.frames_of("cam", since, since + 0.5)
        result.check(f"frames of {width} x {height}", bool(frames) and all(f[4:6] == (width, height) for f in frames), len(frames))
        boxes = [detection["box"] for frame in frames for detection in frame[6]]
        if not boxes:
            result.check(f"faces at {width} x {height}", False, 0, "> 0")
            continue
        middle = sorted(boxes, key=lambda box: box["x"])[len(boxes) // 2]
        places[f"{width}x{height}"] = [round((middle["x"] + middle["width"] / 2 - width / 2) / height, 3),
                                       round((middle["y"] + middle["height"] / 2) / height, 3),
                                       round(middle["height"] / height, 3)]
    result.figure("face: x from the centre, y, height, in picture heights", places)
    values = list(places.values())
    # 5 % of the height: the detector sees other pixels at each size. Boxes in the coordinates of another size would be off
    # by 17 % at least.
    spread = max((max(column) - min(column) for column in zip(*values)), default=1)
    result.check("the face stays where it is", len(values) == 3 and spread <= 0.05, spread, "<= 0.05")


def damaged(rig, clips, result, film=None):
    """Row 9: bits of the stream are wrong. Row 10: packets and key frames are missing."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips)
    run = rig.run([*two_sources(rig, camera), video(rig, "cam")])
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    films = [film] if film else [clips.noisy(4000)] if quick else [clips.noisy(amount) for amount in (100000, 20000, 4000, 1000)]
    for path in films:
        camera.tell("swap", "cam", path)
        since = time.monotonic()
        time.sleep(4 if quick else 30)
        result.figure(f"share of frames from {path.name}", rate(run, "cam", since, time.monotonic()))
    camera.tell("swap", "cam", clips.mosaic())
    time.sleep(policy.settle_s)
    full = time.monotonic()
    time.sleep(policy.settle_s)
    result.at_least("rate afterwards", rate(run, "cam", full, time.monotonic()), 0.95)
    after = (full, time.monotonic())
    report = conclude(rig, run, result, {"cam": 0}, before, after)
    count = counters(report)
    result.figure("counters of the sources", count)
    result.at_least("damaged or skipped pictures and packets counted", sum(count.values()), 1)
    result.equal("reports of the address sanitizer", run.errors.read_text(errors="replace").count("AddressSanitizer"), 0)
    return run


def noisy(rig, clips, result):
    damaged(rig, clips, result)
    pictures = shown(rig, clips, "cam")
    # A wrong bit can make another valid picture: nothing could tell. It is a figure, not a check.
    result.figure("pictures shown, and of them unlike the film", [len(pictures), sum(bad for _, bad in pictures)])


def gaps(rig, clips, result):
    damaged(rig, clips, result, clips.gappy())
    check_shown(rig, clips, result, "cam")


def times(rig, clips, result):
    """Row 11: the camera's clock jumps ahead, back, and wraps around."""
    policy, quick = rig.settings.policy, rig.settings.quick
    portrait = ROOT / ".deps/samples/astronaut.png"
    if not portrait.exists():
        raise Failed("the portrait is missing: run samples/make")
    # Ten frames a second, so that the detector sees each of them also in a build for debugging.
    camera = rig.camera(Clips(clips.folder, "640x480").still(portrait), fps=10)
    rig.healthy_camera(clips.moving())
    relay = Relay(camera, rig.settings.seed)
    wrapping = Relay(camera, rig.settings.seed, "wrap=3")
    run = rig.run([
        rig.source("cam", camera.url(port=relay.port)), rig.source("wrap", camera.url(port=wrapping.port)),
        rig.source("ok", rig.healthy.url()),
        {"id": "scale", "type": "preprocess.letterbox", "after": ["cam", "wrap"]},
        {"id": "faces", "type": "detect.face", "after": ["scale"],
         "config": {"model": rig.settings.face_model, "shape": [192, 256]}},
        {"id": "tracks", "type": "track.sort", "after": ["faces"], "config": {"labels": ["face"]}},
        rig.sink(["tracks", "ok"])])
    begin(run, ["cam", "wrap", "ok"], policy)
    steps = [3600, -3600] if quick else [3600, -3600, -5, 15, 6 * 3600]
    total, instants = 0, []
    for step in steps:
        total += step
        instants.append(time.monotonic())
        relay.set(f"ts={total * 90000}")
        time.sleep(policy.settle_s)
    time.sleep(1.5)
    end = time.monotonic()
    conclude(rig, run, result, {"cam": 0, "wrap": 0})
    for stream, resets in (("cam", len(steps)), ("wrap", 0)):
        ids = []
        for frame in run.frames_of(stream):
            for detection in frame[6]:
                if "track" in detection and detection["track"] not in ids:
                    ids.append(detection["track"])
        result.equal(f"tracks of the one face in '{stream}' ({resets} jumps)", len(ids), resets + 1)
    for stream in ("cam", "wrap"):
        frames = run.frames_of(stream, instants[0] - 1, end)
        span = frames[-1][2] - frames[0][2]
        result.check(f"media time of '{stream}' against real time", abs(span - (frames[-1][0] - frames[0][0])) < 2,
                     round(span - (frames[-1][0] - frames[0][0]), 2), "+- 2 s")
