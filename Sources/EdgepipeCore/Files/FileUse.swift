/// A file that a stage or a command reads or writes, said before anything is opened, so that nobody's output is
/// another's input or output.
public struct FileUse: Sendable, Hashable {
  enum Scope: Sendable, Hashable {
    case file
    /// Files directly in the folder, with these endings in lower case.
    case folder(endings: Set<String>)
    case socket
  }

  enum Access: Sendable, Hashable {
    case reads
    case writes
  }

  public let path: String
  /// Whose it is, for messages: `the input of stream 'door'`, `--report`.
  public let role: String
  let access: Access
  let scope: Scope

  /// A file that is read; of a folder, those files directly in it that have one of the endings.
  public static func reads(_ path: String, as role: String, folderEndings: Set<String> = []) -> FileUse {
    if !folderEndings.isEmpty, case .folder = FilePlace(path) {
      return FileUse(path: path, role: role, access: .reads, scope: .folder(endings: folderEndings))
    }
    return FileUse(path: path, role: role, access: .reads, scope: .file)
  }

  /// A file that is written, made where it is not there.
  public static func writes(_ path: String, as role: String) -> FileUse {
    FileUse(path: path, role: role, access: .writes, scope: .file)
  }

  /// Files of a folder that get one of the endings.
  public static func writes(folder path: String, endings: Set<String>, as role: String) -> FileUse {
    FileUse(path: path, role: role, access: .writes, scope: .folder(endings: endings))
  }

  /// The path of a socket that is made.
  public static func makes(socket path: String, as role: String) -> FileUse {
    FileUse(path: path, role: role, access: .writes, scope: .socket)
  }
}
