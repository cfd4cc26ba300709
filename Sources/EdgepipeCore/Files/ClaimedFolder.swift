import Foundation
import Synchronization

/// Those files of a folder that have one of some endings, such as the pictures in it.
struct ClaimedFolder: Sendable {
  let identity: FileIdentity
  private let path: String
  private let endings: Set<String>
  private let members = Members()

  /// The files that are there, looked up once.
  private final class Members: Sendable { let found = Mutex<Set<FileIdentity>?>(nil) }

  /// Nil where nothing can be a folder.
  init?(_ path: String, at place: FilePlace, endings: Set<String>) {
    switch place {
    case .folder(let identity), .coming(let identity, _): self.identity = identity
    case .file, .other, .impossible, .danglingLink: return nil
    }
    self.path = path
    self.endings = endings
  }

  /// Whether the file is, or will be, one of them.
  func holds(_ file: FileIdentity) -> Bool {
    if let (folder, name) = file.parent { return folder == identity && isMeant(name) }
    // What is there may be in the folder under another name, as a link.
    return members.found.withLock { found in
      let all = found ?? scan()
      found = all
      return all.contains(file)
    }
  }

  private func scan() -> Set<FileIdentity> {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return Set(names.filter(isMeant).compactMap { FilePlace(path + "/" + $0).fileIdentity })
  }

  private func isMeant(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return false }
    return endings.contains(name[name.index(after: dot)...].lowercased())
  }
}
