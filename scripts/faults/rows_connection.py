"""Rows about a camera that is gone, silent or refuses: 1, 2, 3 and 7 of docs/faults.md."""
import time

from measure import begin, conclude
from rig import Firewall, Relay

DOWN = ("stalled", "waiting", "refused")


def two_cameras(rig, clips, **options):
    """A camera that will fail and a healthy one, in one run."""
    camera = rig.camera(clips.mosaic(), **options)
    rig.healthy_camera(clips.moving())
    return camera


def two_sources(rig, camera, **config):
    return [rig.source("cam", camera.url(), **config), rig.source("ok", rig.healthy.url()), rig.sink(["cam", "ok"])]


def gone_and_back(rig, clips, result):
    """Row 1."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips)
    run = rig.run(two_sources(rig, camera))
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    outages = [(1.0, policy.back_s)] if quick else [(5.0, 10.0), (300.0, 60.0)]
    for down, bound in outages:
        camera.kill()
        time.sleep(down)
        back = time.monotonic()
        camera.start()
        result.at_most(f"seconds to the first frame after {down:g} s away", run.wait_frames("cam", 1, 120, since=back), bound)
        time.sleep(policy.settle_s)
    after = (time.monotonic() - policy.settle_s / 2, time.monotonic())
    conclude(rig, run, result, {"cam": len(outages)}, before, after)


def cycles(rig, clips, result):
    """Row 1, the second part: many short outages leak nothing. The pauses are short, so that this ends."""
    policy = rig.settings.policy
    camera = two_cameras(rig, clips)
    quickly = {"reconnect": {"minS": 0.1, "maxS": 0.5, "resetS": 0.5}}
    run = rig.run(two_sources(rig, camera, **quickly))
    begin(run, ["cam", "ok"], policy)
    count, slowest, before = (4, 0.0, None) if rig.settings.quick else (100, 0.0, None)
    for cycle in range(count):
        camera.kill()
        time.sleep(0.2)
        back = time.monotonic()
        camera.start()
        slowest = max(slowest, run.wait_frames("cam", 10, 60, since=back))
        if cycle == max(0, count // 10 - 1):
            # The level after the first tenth: what the first reconnections need once is not a leak.
            time.sleep(policy.settle_s)
            before = (time.monotonic() - policy.settle_s / 2, time.monotonic())
    time.sleep(policy.settle_s)
    after = (time.monotonic() - policy.settle_s / 2, time.monotonic())
    result.figure("cycles", count)
    result.figure("slowest return to ten frames, s", slowest)
    conclude(rig, run, result, {"cam": count}, before, after)


def half_open(rig, clips, result):
    """Row 2: packets vanish both ways and nobody says so."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips)
    relay = firewall = None
    if Firewall.available:
        firewall = Firewall()
    else:
        result.figure("made with", "the relay: nftables needs root")
        relay = Relay(camera, rig.settings.seed)
    sources = two_sources(rig, camera)
    if relay:
        rig.environment["URL_cam"] = camera.url(port=relay.port)
    run = rig.run(sources)
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    gone = time.monotonic()
    firewall.cut(camera.port) if firewall else relay.set("hole=1")
    _, noticed = run.wait_state("cam", DOWN, policy.noticed_s * 3, since=gone)
    result.at_most("seconds until it is known as down", noticed, policy.noticed_s)
    time.sleep(0.5 if quick else 30)
    back = time.monotonic()
    firewall.reset() if firewall else relay.set()
    result.at_most("seconds to the first frame after packets pass", run.wait_frames("cam", 1, 120, since=back),
                   policy.back_long_s)
    time.sleep(policy.settle_s)
    after = (time.monotonic() - policy.settle_s / 2, time.monotonic())
    conclude(rig, run, result, {"cam": 1}, before, after)


def frozen_server(rig, clips, result):
    """Row 3: stopped before it answers DESCRIBE, then in the middle of the stream, then while edgepipe is to end."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips)
    camera.freeze()
    run = rig.run(two_sources(rig, camera))
    run.wait_frames("ok", 5, 20)
    # Long enough for the first attempt to run into its time limit.
    time.sleep(policy.timeout_s + 1)
    back = time.monotonic()
    camera.thaw()
    result.at_most("seconds to the first frame, frozen before DESCRIBE", run.wait_frames("cam", 1, 120, since=back),
                   policy.back_long_s)
    warm = begin(run, ["cam"], policy)
    before = (warm, time.monotonic())
    gone = time.monotonic()
    camera.freeze()
    _, noticed = run.wait_state("cam", DOWN, policy.noticed_s * 3, since=gone)
    result.at_most("seconds until it is known as down, frozen in the stream", noticed, policy.noticed_s)
    time.sleep(0 if quick else 10)
    back = time.monotonic()
    camera.thaw()
    result.at_most("seconds to the first frame after that", run.wait_frames("cam", 1, 120, since=back), policy.back_long_s)
    time.sleep(policy.settle_s)
    after = (time.monotonic() - policy.settle_s / 2, time.monotonic())
    # The end comes while its read is stuck, before the stall is known.
    camera.freeze()
    time.sleep(0.3)
    # Frozen before DESCRIBE, and in the stream; the last freeze ends with the run.
    conclude(rig, run, result, {"cam": 2}, before, after)


def wrong_password(rig, clips, result):
    """Row 7: the camera's password is changed, and later changed back."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips)
    relay = Relay(camera, rig.settings.seed)
    sources = two_sources(rig, camera)
    rig.environment["URL_cam"] = camera.url(port=relay.port)
    run = rig.run(sources)
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    changed = time.monotonic()
    camera.tell("password", "another-word")
    camera.tell("drop")
    _, known = run.wait_state("cam", ("refused",), 30, since=changed)
    result.figure("seconds until it is known as refused", known)
    since = time.monotonic()
    time.sleep(policy.refused_s * 2.5)
    tries = [at for at in relay.stats()["opened"] if at >= changed]
    # Connections of one try come together.
    starts = [at for last, at in zip([0.0, *tries], tries) if at - last > policy.refused_s / 4]
    pauses = [b - a for a, b in zip(starts, starts[1:])]
    result.figure("tries while refused", len(starts))
    result.check("seconds between two tries", bool(pauses) and min(pauses[1:] or pauses) >= policy.refused_s * 0.95,
                 round(min(pauses[1:] or pauses), 2) if pauses else None, f">= {policy.refused_s:g}")
    states = {state for at, state in run.states("cam", since)}
    result.check("it stays refused", not states, sorted(states) or "refused")
    camera.tell("password", camera.password)
    back = time.monotonic()
    result.at_most("seconds to the first frame with the right password",
                   run.wait_frames("cam", 1, 3 * policy.refused_s + 30, since=back), policy.refused_s + policy.back_s)
    time.sleep(policy.settle_s)
    after = (time.monotonic() - policy.settle_s / 2, time.monotonic())
    conclude(rig, run, result, {"cam": 1}, before, after)
