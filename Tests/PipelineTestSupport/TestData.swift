public import Foundation
import Glibc

/// Where tests find what is not in the package: recorded data, Python for reference results, the inference library.
///
/// A test that needs one of them says so with `.enabled(if: TestData.python != nil, "needs .deps/python ...")`.
public enum TestData {
  /// The package's root folder.
  public static let packageRoot: URL = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The folder with `models/` and `data/`: `EDGEPIPE_TEST_DATA`, else `../shared` beside the package.
  public static let folder: URL? = {
    if let path = ProcessInfo.processInfo.environment["EDGEPIPE_TEST_DATA"], !path.isEmpty {
      return existing(URL(fileURLWithPath: path))
    }
    return existing(packageRoot.deletingLastPathComponent().appendingPathComponent("shared"))
  }()

  /// The interpreter that `scripts/setup` makes, with numpy, onnxruntime, onnx and cv2.
  public static let python: URL? = existing(packageRoot.appendingPathComponent(".deps/python/bin/python"))

  /// The inference library: `EDGEPIPE_ONNXRUNTIME`, else what `scripts/setup` puts into `.deps/lib`.
  public static let onnxRuntimeLibrary: URL? = {
    if let path = ProcessInfo.processInfo.environment["EDGEPIPE_ONNXRUNTIME"], !path.isEmpty {
      return existing(URL(fileURLWithPath: path))
    }
    let folder = packageRoot.appendingPathComponent(".deps/lib")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    // The longest name carries the full version: libonnxruntime.so.1.31.1.
    let name = names.filter { $0.hasPrefix("libonnxruntime.so") }.max { ($0.count, $0) < ($1.count, $1) }
    return name.map { folder.appendingPathComponent($0) }
  }()

  /// Prometheus's checker: on the PATH, else where `scripts/setup --tests` puts it.
  public static let promtool: URL? = {
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let folders = path.map { URL(fileURLWithPath: String($0)) } + [packageRoot.appendingPathComponent(".deps/bin")]
    return folders.lazy.compactMap { existing($0.appendingPathComponent("promtool")) }.first
  }()

  /// The portrait with the known face, when `scripts/setup` has fetched it.
  public static let astronaut: URL? = existing(packageRoot.appendingPathComponent(".deps/samples/astronaut.png"))

  /// A model of the data folder, such as `yolox_nano.onnx`.
  public static func model(_ name: String) -> URL? {
    folder.flatMap { existing($0.appendingPathComponent("models").appendingPathComponent(name)) }
  }

  /// A file or folder under the data folder, such as `data/coco50`.
  public static func file(_ path: String) -> URL? {
    folder.flatMap { existing($0.appendingPathComponent(path)) }
  }

  /// A new empty folder for one test; the caller removes it.
  public static func temporaryFolder(_ name: String) throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  /// Runs a program to its end and gives its exit code and its output; standard error goes to ours.
  public static func run(_ program: URL, _ arguments: [String]) throws -> (status: Int32, output: Data) {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readAll()
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }

  private static func existing(_ url: URL) -> URL? {
    FileManager.default.fileExists(atPath: url.path) ? url : nil
  }
}

extension FileHandle {
  /// The next bytes; empty at the end. `availableData` traps when a signal interrupts its read, this does not.
  public func readSome() -> Data {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // SAFETY: at most the array's bytes are written.
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(fileDescriptor, $0.baseAddress, $0.count) }
      if count >= 0 { return Data(chunk[..<count]) }
      if errno != EINTR { return Data() }
    }
  }

  /// Everything up to the end.
  public func readAll() -> Data {
    var data = Data()
    while case let more = readSome(), !more.isEmpty { data.append(more) }
    return data
  }
}
