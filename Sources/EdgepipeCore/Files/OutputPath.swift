import CPlatform
import Glibc

/// Checks and makes the places that are written to.
package enum OutputPath {
  /// Checks that a file can be made at `path`, without making anything.
  ///
  /// - Throws: a `PipelineError` that names the path: it is a folder, its links lead nowhere, or its folder can neither
  ///   be used nor made.
  package static func checkFile(_ path: String) throws(PipelineError) {
    try checkText(path)
    switch FilePlace(path) {
    case .file, .other:
      // A descriptor's file can be written though its name cannot.
      guard allows(path, W_OK) else { throw failure("write", path, errno: errno) }
    case .folder: throw isFolder(path)
    case .coming(_, let folder):
      if path.utf8.last == UInt8(ascii: "/") { throw isFolder(path) }
      try checkParent(folder, of: path)
    case .impossible(let code): throw failure("write", path, errno: code)
    case .danglingLink(let link): throw leadsNowhere(link, path)
    }
  }

  /// Checks that files can be made in the folder `path`, which need not be there yet, without making anything.
  package static func checkFolder(_ path: String) throws(PipelineError) {
    try checkText(path)
    switch FilePlace(path) {
    case .file, .other: throw failure("write", path, errno: ENOTDIR)
    case .folder: try checkParent(path, of: path)
    case .coming(_, let folder): try checkParent(folder, of: path)
    case .impossible(let code): throw failure("write", path, errno: code)
    case .danglingLink(let link): throw leadsNowhere(link, path)
    }
  }

  /// Checks that nothing but a socket is at `path`.
  static func checkSocket(_ path: String) throws(PipelineError) {
    var status = stat()
    // SAFETY: the path is a terminated copy for the call, which fills one stat.
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK else { return }
    throw PipelineError(
      "cannot create the control socket '\(path)': the path exists and is not a socket",
      remedy: "choose another path for it",
      code: .unavailable)
  }

  /// Makes a folder for this user alone, since what lies there may name cameras or show what they saw. One that is there
  /// stays as it is.
  package static func makePrivateFolder(_ path: String) throws(PipelineError) {
    if case .folder = FilePlace(path) { return }
    try makeFolder(path)
    // SAFETY: the path is a terminated copy for the call.
    unsafe chmod(path, 0o700)
  }

  /// Makes the folder `path` and those above it.
  package static func makeFolder(_ path: String) throws(PipelineError) {
    // SAFETY: the path is a terminated copy for each call.
    if unsafe mkdir(path, 0o777) == 0 { return }
    let code = errno
    if case .folder = FilePlace(path) { return }
    guard code == ENOENT, !path.isEmpty, path != "/" else { throw failure("create the folder", path, errno: code) }
    try makeFolder(FilePlace.split(path).parent)
    if unsafe mkdir(path, 0o777) == 0 { return }
    let again = errno
    if case .folder = FilePlace(path) { return }
    throw failure("create the folder", path, errno: again)
  }

  /// Makes the folder that the file `path` is to lie in.
  package static func makeParent(of path: String) throws(PipelineError) {
    try makeFolder(FilePlace.split(path).parent)
  }

  /// Lets two files or folders change places in one step.
  ///
  /// - Returns: false, with nothing changed, where the file system cannot.
  package static func exchange(_ a: String, _ b: String) -> Bool {
    // SAFETY: both paths are terminated copies for the call.
    unsafe ep_exchange(a, b) == 0
  }

  /// A failed system call on `path` as an error with its reason and what helps.
  package static func failure(_ attempt: String, _ path: String, errno code: Int32) -> PipelineError {
    PipelineError("cannot \(attempt) '\(path)': \(reason(code))", remedy: WriteRemedy.text(code), code: .writeFailed)
  }

  /// `name` as a part of a file name: no separators, no control characters, no leading dot.
  package static func fileName(for name: String) -> String {
    var text = String(
      String.UnicodeScalarView(
        name.unicodeScalars.prefix(100).map {
          $0.value < 0x20 || $0.value == 0x7F || "/\\:*?\"<>|".unicodeScalars.contains($0) ? "_" : $0
        }))
    if text.isEmpty || text.hasPrefix(".") { text = "_" + text.dropFirst() }
    return text
  }

  private static func checkText(_ path: String) throws(PipelineError) {
    if path.isEmpty || path.utf8.contains(0) {
      throw PipelineError(
        "the output path is empty or contains a NUL byte", remedy: "give the path of a file",
        code: .invalidConfiguration)
    }
  }

  /// The nearest folder that is there must let files be made in it.
  private static func checkParent(_ folder: String, of path: String) throws(PipelineError) {
    guard allows(folder, W_OK | X_OK) else { throw failure("write", path, errno: errno) }
  }

  private static func allows(_ path: String, _ rights: Int32) -> Bool {
    // SAFETY: the path is a terminated copy for the call.
    unsafe access(path, rights) == 0
  }

  private static func isFolder(_ path: String) -> PipelineError {
    PipelineError("cannot write '\(path)': it is a folder", remedy: "give the path of a file in it", code: .writeFailed)
  }

  private static func leadsNowhere(_ link: String, _ path: String) -> PipelineError {
    PipelineError(
      "cannot write '\(path)': \(link == path ? "it" : "'\(link)'") is a link whose target does not exist",
      remedy: "create the target, or choose another path", code: .writeFailed)
  }

  private static func reason(_ code: Int32) -> String {
    // SAFETY: strerror answers with a terminated string that is copied at once.
    unsafe String(cString: strerror(code))
  }
}
