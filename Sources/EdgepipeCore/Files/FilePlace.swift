import Glibc

/// What a path leads to now, through links and whatever its spelling.
package enum FilePlace: Sendable, Hashable {
  /// A regular file.
  case file(FileIdentity)
  case folder(FileIdentity)
  /// A device, a pipe or a socket: written to by as many as like.
  case other
  /// Nothing yet; `folder` is the path of the nearest folder that is there.
  case coming(FileIdentity, folder: String)
  /// Nothing can be there, for the reason of an error number.
  case impossible(Int32)
  /// A link whose target is not there.
  case danglingLink(String)

  package init(_ path: String) {
    var status = stat()
    // SAFETY: the path is a terminated copy for each call; `status` outlives the calls, which fill it.
    if unsafe stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: self = .file(FileIdentity(status))
      case S_IFDIR: self = .folder(FileIdentity(status))
      default: self = .other
      }
      return
    }
    let code = errno
    guard code == ENOENT, !path.isEmpty else {
      self = .impossible(code)
      return
    }
    if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
      self = .danglingLink(path)
      return
    }
    let (parent, name) = Self.split(path)
    switch FilePlace(parent) {
    case .folder(let identity): self = .coming(identity.below(name), folder: parent)
    case .coming(let identity, let folder): self = .coming(identity.below(name), folder: folder)
    case .file, .other: self = .impossible(ENOTDIR)
    case .impossible(let code): self = .impossible(code)
    case .danglingLink(let link): self = .danglingLink(link)
    }
  }

  /// Of a file that is there or may be made; nil for everything that many may write at once, and for folders.
  var fileIdentity: FileIdentity? {
    switch self {
    case .file(let identity), .coming(let identity, _): identity
    case .folder, .other, .impossible, .danglingLink: nil
    }
  }

  /// The folder part and the last name; slashes at the end are left out.
  static func split(_ path: String) -> (parent: String, name: String) {
    var bytes = Substring(path)
    while bytes.count > 1, bytes.utf8.last == UInt8(ascii: "/") { bytes.removeLast() }
    guard let slash = bytes.lastIndex(of: "/") else { return (".", String(bytes)) }
    let parent = bytes[..<slash]
    return (parent.isEmpty ? "/" : String(parent), String(bytes[bytes.index(after: slash)...]))
  }
}

/// Tells files apart by what the file system calls them: two paths with one identity are one file.
package struct FileIdentity: Sendable, Hashable {
  let device: UInt64
  let inode: UInt64
  /// For what is not there yet, its names below the folder that is.
  private(set) var missing: [String] = []

  init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }

  /// The file `name` in this folder, where it is not there yet.
  func below(_ name: String) -> FileIdentity {
    var identity = self
    switch name {
    case ".", "": break
    case ".." where !missing.isEmpty: identity.missing.removeLast()
    default: identity.missing.append(name)
    }
    return identity
  }

  /// Of a file that is not there yet: the folder that it will lie in, and its name.
  var parent: (folder: FileIdentity, name: String)? {
    var folder = self
    guard let name = folder.missing.popLast() else { return nil }
    return (folder, name)
  }
}
