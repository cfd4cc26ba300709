import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: live output")
struct StreamTests {
  /// A minute in dark grey, on which a zone's outline is drawn; each picture is a little lighter than the one before, and
  /// every fifth as dark as the first.
  private func makeFilm(_ space: Workspace, seconds: Int = 60) throws {
    try FFmpeg.make([
      "-f", "lavfi", "-i", "color=black:size=320x240:rate=25:duration=\(seconds)", "-vf",
      "format=yuv420p,eq=brightness=0.02+0.05*mod(n\\,5):eval=frame", "-c:v", "libx264", "-preset", "ultrafast", "-crf",
      "10", "-g", "25", space.path("film.mp4"),
    ])
  }

  /// Nothing here is about time: the longest that a connection may take, so that a busy machine changes nothing.
  private func pipeline(_ space: Workspace, isRealTime: Bool = true, _ options: String = "") throws -> String {
    try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "film.mp4", "realtime": \(isRealTime) } },
      { "id": "zones", "type": "analytics.zones", "after": ["camera"], "config": {
        "zones": [{ "name": "door", "points": [[100, 60], [220, 60], [220, 200], [100, 200]] }] } },
      { "id": "live", "type": "sink.stream", "after": ["zones"], "config": {
        "to": "${TO}", "timeoutS": 60, "reconnect": { "minS": 0.05, "maxS": 0.2 }\(options) } }
      """)
  }

  /// The figures of the only stream.
  private func figures(_ space: Workspace, _ report: String = "report.json") throws -> [String: Any] {
    let stages = try #require(space.report(report)["stages"] as? [String: Any])
    let facts = try #require((stages["live"] as? [String: Any])?["facts"] as? [String: Any])
    return try #require((facts["streams"] as? [String: Any])?["camera"] as? [String: Any])
  }

  private func expectBalanced(_ space: Workspace) throws {
    let ledger = try #require(space.report()["ledger"] as? [String: Any])
    #expect(ledger["balanced"] as? Bool == true)
    #expect(
      ledger["admitted"] as? Int == ledger["delivered"] as? Int, "no frame is lost where its picture is not shown")
  }

  /// Whether a picture of packed RGB shows the film with the zone's outline.
  private func expectOutline(_ rgb: Data) throws {
    try #require(rgb.count == 320 * 240 * 3)
    let bytes = [UInt8](rgb)
    func light(_ x: Int, _ y: Int) -> Int { (0..<3).map { Int(bytes[3 * (y * 320 + x) + $0]) }.min() ?? 0 }
    for (x, y) in [(160, 60), (100, 130), (220, 130), (160, 200)] {
      let line = (-1...1).flatMap { dx in (-1...1).map { light(x + dx, y + $0) } }.max() ?? 0
      #expect(line > 150, "the outline at \(x), \(y)")
    }
    for (x, y) in [(160, 130), (20, 220), (300, 120)] { #expect(light(x, y) < 90, "the film at \(x), \(y)") }
  }

  /// A picture that the receiver has kept.
  private func picture(_ space: Workspace, _ number: Int) throws -> Data {
    let file = try Data(contentsOf: URL(fileURLWithPath: space.path("\(number).ppm")))
    try #require(file.starts(with: Data("P6 320 240 255\n".utf8)))
    return Data(file.dropFirst("P6 320 240 255\n".utf8.count))
  }

  /// Waits until the receiver has so many pictures.
  private func wait(_ receiver: HelperProcess, pictures count: Int) throws {
    for number in 0..<count { #expect(try receiver.line("picture") == "\(number)") }
  }

  /// None is missing between the pictures that the receiver has kept: each is lighter than the one before.
  private func expectWhole(_ space: Workspace, pictures count: Int) throws {
    let levels = try (0..<count).map { Int(try picture(space, $0)[3 * (220 * 320 + 20)]) }
    for (number, (level, next)) in zip(levels, levels.dropFirst()).enumerated() {
      let step = next - level
      #expect(abs(step - 15) <= 6 || abs(step + 59) <= 6, "pictures \(number) and \(number + 1): \(level), \(next)")
    }
  }

  /// The receiver's options for a certificate by `ca.crt` for 127.0.0.1.
  private func encryption(_ space: Workspace) throws -> [String] {
    let server = try Certificates(in: space.folder).signed("server", names: ["IP:127.0.0.1"])
    return ["--tls", server.certificate, server.key]
  }

  @Test(
    "given an RTSP server that wants a password, when the pictures are pushed to it, then it gets every one with what was drawn",
    .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"), arguments: [false, true])
  func rtsp(isEncrypted: Bool) throws {
    let space = try Workspace()
    try makeFilm(space)
    let tls = isEncrypted ? try encryption(space) : []
    let receiver = try HelperProcess(
      "rtsp_receiver.py", [space.folder.path, "--user", "sender", "--password", "s3cretword"] + tls)
    let file = try pipeline(space, isEncrypted ? #", "tlsCAFile": "ca.crt""# : "")
    let address = receiver.address.replacingOccurrences(of: "://", with: "://sender:s3cretword@")
    let running = try Command.Running(
      ["run", file, "--report", "report.json", "--verbose"], in: space.folder, environment: ["TO": address])
    try wait(receiver, pictures: 60)
    running.signal(SIGTERM)
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    try expectWhole(space, pictures: 60)
    try expectOutline(picture(space, 50))
    let stream = try figures(space)
    #expect(stream["connections"] as? Int == 1 && stream["dropped"] as? Int == 0 && stream["lost"] as? Int == 0)
    try expectBalanced(space)
    let report = try String(contentsOfFile: space.path("report.json"), encoding: .utf8)
    for text in [result.output, result.errors, report] { #expect(!text.contains("s3cretword")) }
  }

  @Test(
    "given a server whose certificate nobody vouches for, when pictures are to be pushed to it, then it gets nothing and the run goes on",
    .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"),
    arguments: [("other.crt", "127.0.0.1"), ("ca.crt", "localhost")])
  func untrusted(authority: String, host: String) throws {
    let space = try Workspace()
    try makeFilm(space, seconds: 1)
    _ = try Certificates(in: space.folder, name: "other")
    let receiver = try HelperProcess("rtsp_receiver.py", [space.folder.path] + encryption(space))
    let file = try pipeline(space, isRealTime: false, #", "tlsCAFile": "\#(authority)""#)
    let address = receiver.address.replacingOccurrences(of: "127.0.0.1", with: host)
    let result = try Command.run(
      ["run", file, "--report", "report.json"], in: space.folder, environment: ["TO": address])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("certificate"), "\(result.errors)")
    #expect(try receiver.finish("announced").isEmpty)
    let stream = try figures(space)
    #expect(stream["sent"] as? Int == 0 && stream["dropped"] as? Int == 25)
    try expectBalanced(space)
  }

  @Test(
    "given a server that is killed and comes back, when pictures are pushed, then it gets them again and capture has lost nothing",
    .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"))
  func serverGone() throws {
    let space = try Workspace()
    try makeFilm(space)
    let first = try HelperProcess("rtsp_receiver.py", [space.folder.path])
    let port = try #require(URLComponents(string: first.address)?.port)
    let running = try Command.Running(
      ["run", pipeline(space), "--report", "report.json"], in: space.folder, environment: ["TO": first.address])
    try wait(first, pictures: 10)
    first.kill()
    let second = try HelperProcess("rtsp_receiver.py", [space.folder.path, "--port", "\(port)"])
    // The first picture is a key frame, or none could be decoded.
    try wait(second, pictures: 10)
    running.signal(SIGTERM)
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    let stream = try figures(space)
    #expect(stream["connections"] as? Int == 2)
    #expect(stream["error"] is String)
    try expectBalanced(space)
  }

  @Test(
    "given a receiver of MPEG-TS, when the pictures are sent over UDP, then FFmpeg plays them",
    .enabled(if: Has.ffmpeg, "needs ffmpeg"))
  func udp() throws {
    let space = try Workspace()
    try makeFilm(space)
    let port = try FreePort.udp()
    let running = try Command.Running(
      ["run", pipeline(space), "--report", "report.json"], in: space.folder,
      environment: ["TO": "udp://127.0.0.1:\(port)"])
    try FFmpeg.make([
      "-probesize", "500000", "-analyzeduration", "500000", "-i",
      "udp://127.0.0.1:\(port)?buffer_size=4000000&fifo_size=100000&timeout=60000000", "-frames:v", "40", "-f",
      "rawvideo", "-pix_fmt",
      "rgb24", space.path("received.rgb"),
    ])
    running.signal(SIGTERM)
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    let received = try Data(contentsOf: URL(fileURLWithPath: space.path("received.rgb")))
    #expect(received.count == 40 * 320 * 240 * 3)
    try expectOutline(received.suffix(320 * 240 * 3))
    try expectBalanced(space)
  }

  @Test(
    "given HLS in a folder, when Chromium plays it, by itself and through Media Source Extensions, then it shows all of it",
    .enabled(if: Has.ffmpeg && Browser.program != nil, "\(Browser.needs)"), arguments: ["native", "mse"])
  func browser(way: String) throws {
    let space = try Workspace()
    try makeFilm(space, seconds: 4)
    let result = try Command.run(
      ["run", pipeline(space, isRealTime: false), "--report", "report.json"], in: space.folder,
      environment: ["TO": "{stream}-live"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(try figures(space)["sent"] as? Int == 100)
    #expect(try FFmpeg.frameCount(space.path("camera-live/index.m3u8")) == 100)
    try Self.page.replacingOccurrences(of: "WAY", with: way).write(
      toFile: space.path("camera-live/page.html"), atomically: true, encoding: .utf8)
    let server = try HelperProcess("http_folder.py", [space.path("camera-live")])
    let line = try Browser.show("\(server.address)/page.html") { try server.line("result") }
    let text = try #require(line)
    let shown = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    #expect(shown["error"] == nil, "\(shown)")
    #expect(shown["width"] as? Int == 320)
    let end = try #require(shown["end"] as? Double)
    #expect(abs(end - 4) < 0.05)
    #expect(try #require(shown["frames"] as? Int) > 0)
    // The outline's upper edge, and the film below it.
    let outline = try #require(shown["outline"] as? [Int]), film = try #require(shown["film"] as? [Int])
    #expect((outline.prefix(3).min() ?? 0) > 150 && (film.prefix(3).min() ?? 255) < 90, "\(shown)")
  }

  /// Plays the playlist to its end and tells what came of it.
  private static let page = """
    <!DOCTYPE html><video id="video" muted playsinline></video><script>
    const video = document.getElementById("video");
    const tell = result => fetch("/result", { method: "POST", body: JSON.stringify(result) });
    const once = (target, name) => new Promise((done, failed) => {
      target.addEventListener(name, done, { once: true });
      video.addEventListener("error", () => failed(video.error.message), { once: true });
    });
    const file = async name => (await fetch(name)).arrayBuffer();
    async function feed() {
      const lines = (await (await fetch("index.m3u8")).text()).split("\\n");
      const start = await file(lines.find(line => line.startsWith("#EXT-X-MAP")).split('"')[1]);
      const bytes = new Uint8Array(start);
      let at = 0;
      while (String.fromCharCode(...bytes.slice(at, at + 4)) != "avcC") at++;
      const profile = [...bytes.slice(at + 5, at + 8)].map(byte => byte.toString(16).padStart(2, "0")).join("");
      const source = new MediaSource();
      video.src = URL.createObjectURL(source);
      await once(source, "sourceopen");
      const buffer = source.addSourceBuffer(`video/mp4; codecs="avc1.${profile}"`);
      for (const name of [null, ...lines.filter(line => line && !line.startsWith("#"))]) {
        const updated = once(buffer, "updateend");
        buffer.appendBuffer(name ? await file(name) : start);
        await updated;
      }
      source.endOfStream();
    }
    (async () => {
      try {
        const ended = once(video, "ended");
        if ("WAY" == "mse") await feed(); else video.src = "index.m3u8";
        await video.play();
        await ended;
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
        const drawing = canvas.getContext("2d");
        drawing.drawImage(video, 0, 0);
        const pixel = (x, y) => [...drawing.getImageData(x, y, 1, 1).data];
        tell({
          width: video.videoWidth, end: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames,
          outline: pixel(160, 60), film: pixel(160, 130),
        });
      } catch (error) { tell({ error: String(error) }); }
    })();
    </script>
    """

  @Test(
    "given a run that was recorded, when it is replayed, then nothing is pushed a second time and a folder is written again",
    .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"))
  func replay() throws {
    let space = try Workspace()
    try makeFilm(space, seconds: 2)
    let receiver = try HelperProcess("rtsp_receiver.py", [space.folder.path])
    let file = try pipeline(space, isRealTime: false)
    let result = try Command.run(
      ["run", file, "--record", "run.trace"], in: space.folder, environment: ["TO": receiver.address])
    #expect(result.status == 0, "\(result.errors)")
    let again = try Command.run(["replay", "run.trace"], in: space.folder, environment: ["TO": receiver.address])
    #expect(again.status == 0, "\(again.errors)")
    let folder = try Command.run(
      ["replay", "run.trace", "--set", "live.to=again"], in: space.folder, environment: ["TO": receiver.address])
    #expect(folder.status == 0, "\(folder.errors)")
    #expect(try FFmpeg.frameCount(space.path("again/index.m3u8")) == 50)
    #expect(try receiver.finish("announced").count == 1)
  }

  @Test("given an address of another kind, when the pipeline is validated, then the error names those that there are")
  func validate() throws {
    let space = try Workspace()
    let file = try pipeline(space)
    let result = try Command.run(
      ["validate", file], in: space.folder, environment: ["TO": "rtmp://user:s3cretword@host/live"])
    #expect(result.status == 78)
    let words = result.output + result.errors
    #expect(words.contains("rtmp") && words.contains("rtsp://") && !words.contains("s3cretword"))
  }
}
