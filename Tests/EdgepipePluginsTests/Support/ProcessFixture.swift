import EdgepipeCore
import EdgepipePluginHost
import EdgepipePlugins
import Foundation
import PipelineTestSupport
import PipelineTesting
import Synchronization

/// Plugins of the tests in processes of their own.
enum ProcessFixture {
  /// Beside the test bundle, where the package manager puts all products.
  static let program: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("edgepiped").path
  }()

  /// The library of `Plugins/faulty.c`, compiled once.
  static let faulty: String = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-plugin-\(getpid())")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let library = folder.appendingPathComponent("libfaulty.so").path
    let root = TestData.packageRoot.path
    let compiler = try? ChildProcess(
      "/usr/bin/cc",
      [
        "-std=gnu11", "-O1", "-shared", "-fPIC", "-I\(root)/include", "-o", library,
        "\(root)/Tests/EdgepipePluginsTests/Plugins/faulty.c",
      ])
    return compiler?.wait() == .status(0) ? library : ""
  }()

  /// What a process said, in order.
  final class Said: Sendable {
    private let list = Mutex<(lines: [String], notices: [PluginNotice])>(([], []))

    var lines: [String] { list.withLock { $0.lines } }
    var notices: [PluginNotice] { list.withLock { $0.notices } }
    var losses: [String] {
      notices.compactMap { if case .lost(let reason) = $0 { reason } else { nil } }
    }
    var isDisabled: Bool {
      notices.contains { if case .disabled = $0 { true } else { false } }
    }

    func log(_ level: PluginLogLevel, _ text: String) { list.withLock { $0.lines.append(text) } }
    func tell(_ notice: PluginNotice) { list.withLock { $0.notices.append(notice) } }
  }

  static func launch(timeLimitMs: Int = 30_000, memoryBytes: UInt64 = 1 << 30) -> PluginLaunch {
    var launch = PluginLaunch(program: program, timeLimitMs: timeLimitMs)
    launch.policy.memoryBytes = memoryBytes
    launch.policy.readable = [(faulty as NSString).deletingLastPathComponent]
    return launch
  }

  static func faulty(
    _ fault: String, from: Int = 0, path: String = "", _ launch: PluginLaunch = launch(), clock: ManualClock? = nil,
    said: Said = Said()
  ) throws -> PluginProcess {
    let configuration = #"{"fault":"\#(fault)","from":\#(from),"path":"\#(path)"}"#
    let setup = PluginSetup(
      path: faulty, type: "test.faulty", stage: "faulty", configuration: Array(configuration.utf8))
    return try PluginProcess(
      launch, setup, clock: clock ?? SystemClock(), log: { said.log($0, $1) }, tell: { said.tell($0) })
  }

  /// A frame with a gray picture, which lives as long as the owner in it.
  static func frame(_ sequence: Int, width: Int = 64, height: Int = 48, value: UInt8 = 7) -> PluginFrame {
    var frame = PluginFrame(
      stream: "camera", sourceStage: "camera", source: "test", sequence: sequence,
      mediaTime: MediaTime(seconds: Double(sequence) / 25), captured: MonotonicTime(nanoseconds: 1),
      capturedWall: WallTime(nanoseconds: 2), now: MonotonicTime(nanoseconds: 3), width: width, height: height)
    frame.picture = Gray(width: width, height: height, value: value).picture
    return frame
  }

  /// Bytes of a gray picture.
  @safe private final class Gray {
    private let bytes: UnsafeMutablePointer<UInt8>
    private let width: Int
    private let height: Int

    init(width: Int, height: Int, value: UInt8) {
      unsafe bytes = .allocate(capacity: width * height)
      unsafe bytes.initialize(repeating: value, count: width * height)
      (self.width, self.height) = (width, height)
    }

    deinit { unsafe bytes.deallocate() }

    var picture: PluginPicture {
      // SAFETY: the plane lies in `bytes`, which live as long as the picture's owner.
      let plane = unsafe PluginPicture.Plane(start: bytes, stride: width, rowBytes: width, rows: height)
      return PluginPicture(format: "gray", width: width, height: height, planes: [plane], owner: self)
    }
  }

  static func openDescriptors() -> Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count
  }
}
