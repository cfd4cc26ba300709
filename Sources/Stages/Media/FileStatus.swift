import EdgepipeCore
import Glibc

/// What a path leads to, looked at without opening it: a pipe without a writer cannot hang the source.
struct FileStatus {
  enum Kind { case file, folder, pipe, characterDevice, other }

  let kind: Kind
  let size: Int

  /// Links are followed: what they lead to counts.
  ///
  /// - Throws: ``PipelineError`` `notFound` with `endStream` that says what is in the way.
  init(_ path: BytePath) throws(PipelineError) {
    switch Self.status(path) {
    case .success(let status): self.init(status)
    case .failure(let error): throw Self.failure(path, error.code)
    }
  }

  /// Of an open file.
  init?(descriptor: Int32) {
    var status = stat()
    // SAFETY: `status` outlives the call, which writes one `stat`.
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFIFO, S_IFSOCK: .pipe
      case S_IFCHR: .characterDevice
      default: .other
      }
    size = Int(status.st_size)
  }

  static func exists(_ path: BytePath) -> Bool { (try? status(path).get()) != nil }

  /// Nothing has this path, and nothing else is in the way.
  static func isMissing(_ path: BytePath) -> Bool {
    if case .failure(let error) = status(path) { error.code == ENOENT } else { false }
  }

  static func isReadable(_ path: BytePath) -> Bool {
    // SAFETY: the path is lent for the time of the call.
    unsafe path.withCString { unsafe access($0, R_OK) } == 0
  }

  /// A failed system call on an input as an error that ends its stream.
  static func failure(_ path: BytePath, _ code: Int32) -> PipelineError {
    let (reason, remedy) = words(path, code)
    return PipelineError(
      "cannot open '\(path.text)': \(reason)", remedy: remedy, consequence: .endStream, code: .notFound)
  }

  private static func words(_ path: BytePath, _ code: Int32) -> (reason: String, remedy: String) {
    let hint = path.bytes.contains(UInt8(ascii: ":")) ? "; an address begins with a scheme, such as rtsp://" : ""
    let remedy = "check the path; it is relative to the working directory" + hint
    switch code {
    case ENOENT:
      if isLink(path) {
        return ("it is a link whose target does not exist", "correct the link, or give the path of the file itself")
      }
      let folder = path.folder
      if !folder.bytes.isEmpty, !exists(folder) {
        return ("there is no folder '\(folder.text)'", remedy)
      }
      return ("no such file or folder", remedy)
    case EACCES, EPERM: return ("permission denied", "give this user permission to read it and to enter its folders")
    case ENOTDIR: return ("a part of its path is a file, not a folder", "check the path")
    case ELOOP: return ("its links form a loop", "correct the links, or give the path of the file itself")
    case ENAMETOOLONG: return ("its name is too long", "check the path")
    default:
      // SAFETY: strerror returns a NUL-terminated string that is copied at once.
      return (unsafe String(cString: strerror(code)), "check the path and the disk")
    }
  }

  private static func isLink(_ path: BytePath) -> Bool {
    var status = stat()
    // SAFETY: the path is lent for the time of the call, and `status` outlives it.
    return unsafe path.withCString { unsafe lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  private struct SystemError: Error { let code: Int32 }

  private static func status(_ path: BytePath) -> Result<stat, SystemError> {
    var status = stat()
    // SAFETY: the path is lent for the time of the call, and `status` outlives it.
    let code = unsafe path.withCString { unsafe stat($0, &status) == 0 ? 0 : errno }
    return code == 0 ? .success(status) : .failure(SystemError(code: code))
  }
}
