import EdgepipeCore
import Foundation
import Glibc
import PipelineTestSupport
import Testing

/// A folder with pipelines and a service's state, for tests of `edgepipe serve` with real runs. Whatever still runs at its
/// end is killed.
final class ServiceSpace {
  static let clip = TestData.file("data/video/one-by-one-person-detection.mp4")
  /// Longer than anything takes on a busy machine.
  private static let patience = Duration.seconds(200)

  let space: Workspace
  var folder: URL { space.folder }

  init() throws {
    space = try Workspace()
    try FileManager.default.createDirectory(atPath: space.path("p"), withIntermediateDirectories: true)
  }

  deinit {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: space.path("s/runs"))) ?? []
    for name in names { if let id = holder(name) { kill(id, SIGKILL) } }
  }

  /// A pipeline that reads a clip at the speed of its time, like a camera, and adds a line a frame to NAME.jsonl.
  func addPipeline(_ name: String) throws {
    let clip = try #require(Self.clip).path
    try #"""
    { "version": 1, "name": "\#(name)", "stages": [
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(clip)", "realtime": true } },
      { "id": "events", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "\#(name).jsonl", "append": true } } ] }
    """#.write(toFile: space.path("p/\(name).json"), atomically: true, encoding: .utf8)
  }

  /// A supervisor of the folder's pipelines.
  func serve(_ path: String = "p") throws -> Command.Running {
    try Command.Running(["serve", path, "--state", "s", "--listen", "off"], in: folder)
  }

  /// Kills a supervisor as the system would, and waits until it has gone.
  func kill9(_ service: Command.Running) throws {
    while service.process.isRunning {
      service.signal(SIGKILL)
      usleep(1000)
    }
    _ = try service.finish()
    #expect(service.process.terminationStatus == SIGKILL)
  }

  /// Drains all, and gives what the supervisor has said.
  func terminate(_ service: Command.Running) throws -> String {
    service.signal(SIGTERM)
    let result = try service.finish()
    #expect(result.status == 0, "\(result.errors)")
    return result.errors
  }

  /// The process that runs a pipeline.
  func holder(_ name: String) -> Int32? { RunLock.holder(of: space.path("s/runs/\(name)/lock")) }

  /// The frame numbers of all whole lines so far.
  func frames(_ name: String) throws -> [Int] {
    guard let text = try? String(contentsOfFile: space.path("\(name).jsonl"), encoding: .utf8) else { return [] }
    let whole = text.hasSuffix("\n") ? text : String(text[..<(text.lastIndex(of: "\n") ?? text.startIndex)])
    return try JSONLines.parse(whole).filter { $0["type"] as? String == "frame" }.compactMap { $0["frame"] as? Int }
  }

  /// The run has written all of its frames, each once, and its report.
  func expectWhole(_ name: String) throws {
    let text = try String(contentsOfFile: space.path("\(name).jsonl"), encoding: .utf8)
    #expect(text.hasSuffix("\n"))
    let frames = try frames(name)
    #expect(frames == Array(0..<frames.count) && !frames.isEmpty, "\(name)")
    let ledger = try #require(try space.report("s/runs/\(name)/report.json")["ledger"] as? [String: Any])
    #expect(ledger["delivered"] as? Int == frames.count && ledger["balanced"] as? Bool == true, "\(name)")
  }

  /// Waits until something holds.
  func eventually(
    _ what: String, _ service: Command.Running? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () throws -> Bool
  ) throws {
    let limit = ContinuousClock.now + Self.patience
    while try !holds() {
      try #require(
        ContinuousClock.now < limit, "never: \(what); \(service?.state ?? "")", sourceLocation: sourceLocation)
      usleep(10_000)
    }
  }

  /// The processes of a pipeline's runs that are there at one and the same time.
  func processes(_ name: String) -> Set<Int32> {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let found = names.compactMap { Int32($0) }.filter { runs(name, $0) }
    // One may have ended while others were looked at: those that are still there were there together.
    return Set(found.filter { runs(name, $0) })
  }

  private func runs(_ name: String, _ process: Int32) -> Bool {
    guard let line = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/cmdline")) else { return false }
    let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    // Other tests have the same names in folders of their own.
    return words.contains("s/runs/\(name)/lock")
      && (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd"))
        == folder.resolvingSymlinksInPath().path
  }
}
