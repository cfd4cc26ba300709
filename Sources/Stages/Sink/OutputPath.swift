import Foundation
import Pipeline

/// Checks and makes the places that sinks write to.
enum OutputPath {
  /// Checks that a file can be made at `path`, without making anything.
  ///
  /// - Throws: a `PipelineError` that names the path: it is a folder, or its folder can neither be used nor made.
  static func checkFile(_ path: String) throws(PipelineError) {
    try checkText(path)
    if isFolder(path) {
      throw PipelineError("cannot write '\(path)': it is a folder", remedy: "name a file in it", exit: .ioError)
    }
    if FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.isWritableFile(atPath: path) else { throw failure("write", path, errno: EACCES) }
    } else {
      try checkParents(of: URL(fileURLWithPath: path).deletingLastPathComponent().path, for: path)
    }
  }

  /// Checks that files can be made in the folder `path`, which need not be there yet, without making anything.
  static func checkFolder(_ path: String) throws(PipelineError) {
    try checkText(path)
    try checkParents(of: URL(fileURLWithPath: path).path, for: path)
  }

  /// Makes the folder `path` and those above it.
  static func makeFolder(_ path: String) throws(PipelineError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw PipelineError(
        "cannot make the folder '\(path)': \(error.localizedDescription)", remedy: remedy, exit: .ioError)
    }
  }

  /// Makes the folder that the file `path` is to lie in.
  static func makeParent(of path: String) throws(PipelineError) {
    try makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
  }

  /// A failed system call on `path` as an error with its reason.
  static func failure(_ attempt: String, _ path: String, errno code: Int32) -> PipelineError {
    PipelineError("cannot \(attempt) '\(path)': \(reason(code))", remedy: remedy, exit: .ioError)
  }

  /// `name` as a part of a file name: no separators, no control characters, no leading dot.
  static func fileName(for name: String) -> String {
    var text = String(
      String.UnicodeScalarView(
        name.unicodeScalars.prefix(100).map {
          $0.value < 0x20 || $0.value == 0x7F || "/\\:*?\"<>|".unicodeScalars.contains($0) ? "_" : $0
        }))
    if text.isEmpty || text.hasPrefix(".") { text = "_" + text.dropFirst() }
    return text
  }

  private static let remedy = "choose another path, or make room and check its permissions"

  private static func checkText(_ path: String) throws(PipelineError) {
    if path.isEmpty || path.utf8.contains(0) {
      throw PipelineError("the output path is empty or holds a zero byte", remedy: "name a file", exit: .config)
    }
  }

  /// Walks up to the first folder that exists, which must be one and must let files be made in it.
  private static func checkParents(of folder: String, for path: String) throws(PipelineError) {
    var url = URL(fileURLWithPath: folder)
    while !FileManager.default.fileExists(atPath: url.path), url.path != "/" { url.deleteLastPathComponent() }
    guard isFolder(url.path) else { throw failure("write", path, errno: ENOTDIR) }
    guard FileManager.default.isWritableFile(atPath: url.path) else { throw failure("write", path, errno: EACCES) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    // SAFETY: Foundation writes one Bool, and the variable outlives the call.
    return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private static func reason(_ code: Int32) -> String {
    // SAFETY: strerror answers with a terminated string that is copied at once.
    unsafe String(cString: strerror(code))
  }
}
