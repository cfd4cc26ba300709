import EdgepipeCore
import Foundation

/// Where ONNX Runtime is looked for, in order: an explicit path, `EDGEPIPE_ONNXRUNTIME`, `.deps/lib` of the package,
/// `../lib` beside the executable, the system's library path.
enum ONNXRuntimeSearch {
  static let variable = "EDGEPIPE_ONNXRUNTIME"
  static let remedy = "run scripts/setup to install it, or set \(variable) to the library's path"

  /// Paths and names for `dlopen`, best first. A path that a person gave stands alone: nothing replaces it silently.
  static func candidates(
    explicitPath: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> [String] {
    if let explicitPath { return [explicitPath] }
    if let path = environment[variable], !path.isEmpty { return [path] }
    var found: [String] = []
    for root in packageRoots() { found += libraries(in: root.appendingPathComponent(".deps/lib")) }
    if let beside = executableFolder?.deletingLastPathComponent().appendingPathComponent("lib") {
      found += libraries(in: beside)
    }
    return found + ["libonnxruntime.so.1", "libonnxruntime.so", "libonnxruntime.dylib"]
  }

  static func notFound(explicitPath: String?) -> PipelineError {
    let named = explicitPath ?? ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    let message =
      if let named {
        "cannot load ONNX Runtime from '\(named)'"
      } else {
        "ONNX Runtime is not installed (searched .deps/lib, ../lib beside the program and the system's library path)"
      }
    return PipelineError(message, remedy: remedy, code: .unavailable)
  }

  /// Folders with a Package.swift at or above the executable and the working directory, nearest first.
  private static func packageRoots() -> [URL] {
    let starts = [executableFolder, URL(fileURLWithPath: FileManager.default.currentDirectoryPath)]
    var roots: [URL] = []
    for start in starts.compactMap({ $0 }) {
      var folder = start.standardizedFileURL
      while folder.path != "/" {
        if FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
          if !roots.contains(folder) { roots.append(folder) }
          break
        }
        folder.deleteLastPathComponent()
      }
    }
    // A working directory without sources, such as a deployment folder, may hold .deps as well.
    let current = URL(fileURLWithPath: FileManager.default.currentDirectoryPath).standardizedFileURL
    return roots.contains(current) ? roots : roots + [current]
  }

  private static var executableFolder: URL? {
    Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
  }

  /// The library files of a folder, the newest version first.
  private static func libraries(in folder: URL) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasPrefix("libonnxruntime.so") || $0 == "libonnxruntime.dylib" }
      .sorted { $0.compare($1, options: .numeric) == .orderedDescending }
      .map { folder.appendingPathComponent($0).path }
  }
}
