import Foundation
import PipelineTestSupport
import Testing

/// A network of one's own, in which the loopback device carries multicast.
private enum OwnNetwork {
  static let unshare = URL(fileURLWithPath: "/usr/bin/unshare")
  static let prepare = "ip link set lo up && ip route add 224.0.0.0/4 dev lo"
  static let needs = "needs root, or user namespaces, for a network of its own; unshare and ip; python3 and ffmpeg"
  static let isAvailable: Bool = {
    let programs = ["/usr/bin/ffmpeg", "/usr/bin/python3", unshare.path]
    guard programs.allSatisfy(FileManager.default.isExecutableFile(atPath:)) else { return false }
    return (try? TestData.run(unshare, ["-rn", "sh", "-c", prepare]).status) == 0
  }()
}

@Suite("The command: RTSP by multicast")
struct MulticastTests {
  @Test(
    "given a camera that sends to a group, when run with transport multicast, then its frames come",
    .enabled(if: OwnNetwork.isAvailable, "\(OwnNetwork.needs)"))
  func multicast() throws {
    let space = try Workspace()
    try FFmpeg.make([
      "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2", "-pix_fmt", "yuv420p", "-c:v", "libx264",
      "-tune",
      "zerolatency", "-threads", "1", "-g", "25", "-aud", "1", "-f", "h264", space.path("film.h264"),
    ])
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "${CAMERA_URL}", "maxFrames": 30, "transport": "multicast" } },
      { "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "events.jsonl" } }
      """)
    let camera = TestData.packageRoot.appendingPathComponent("Tests/StagesTests/Support/faulty_camera.py").path
    // The camera ends with its standard input, which is the pipe that the last command holds open.
    let script = """
      \(OwnNetwork.prepare)
      mkfifo hold
      /usr/bin/python3 "$1" film.h264 --transports multicast --loops 0 <hold >ready &
      exec 3>hold
      until grep -q ready ready; do sleep 0.05; done
      CAMERA_URL=$(cut -d" " -f2 ready) timeout --kill-after=5 100 "$2" run "$3"
      """
    let result = try TestData.run(
      OwnNetwork.unshare,
      ["-rn", "sh", "-c", "cd \"$4\" && \(script)", "sh", camera, Command.edgepipe.path, file, space.folder.path])
    #expect(result.status == 0)
    let lines = try String(contentsOfFile: space.path("events.jsonl"), encoding: .utf8).split(separator: "\n")
    #expect(lines.count { $0.contains("\"type\":\"frame\"") } == 30, "\(lines.suffix(3))")
  }
}
