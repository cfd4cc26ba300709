import Foundation

/// A folder in the model store for what is not finished: a leading dot keeps it out of every listing. Its maker
/// removes it. What a program that was killed has left is cleared by the next one, which finds its lock free.
final class StagingFolder {
  let url: URL
  private let descriptor: Int32

  /// Makes a folder in the store's one, which is made as well, and clears what others have left there.
  ///
  /// - Throws: what `FileManager` throws when it cannot be made.
  init(in store: URL, name: String) throws {
    try FileManager.default.createDirectory(at: store, withIntermediateDirectories: true)
    let lock = FolderLock(store, waits: true)
    defer { lock.release() }
    Self.clear(store)
    url = store.appendingPathComponent(".\(name)-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    descriptor = FolderLock(url, waits: false).keep()
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Removes the folder, unless it was renamed.
  func remove() { try? FileManager.default.removeItem(at: url) }

  /// Clears what programs that were killed have left in a store.
  static func clearLeftovers(in store: URL) {
    guard FileManager.default.fileExists(atPath: store.path) else { return }
    let lock = FolderLock(store, waits: true)
    defer { lock.release() }
    clear(store)
  }

  /// The store's lock is held: nobody makes a folder now that is not locked yet.
  private static func clear(_ store: URL) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: store.path)) ?? [] where isStaging(name) {
      let folder = store.appendingPathComponent(name, isDirectory: true)
      let lock = FolderLock(folder, waits: false)
      if lock.isHeld { clear(folder, in: store) }
      lock.release()
    }
  }

  /// A model that stepped aside comes back where no other has taken its place.
  private static func clear(_ folder: URL, in store: URL) {
    let stem = folder.lastPathComponent.dropFirst().dropLast(37)
    if stem.hasSuffix(asideMark) {
      let place = store.appendingPathComponent(String(stem.dropLast(asideMark.count)), isDirectory: true)
      if (try? FileManager.default.moveItem(at: folder, to: place)) != nil { return }
    }
    try? FileManager.default.removeItem(at: folder)
  }

  /// In no model's name.
  private static let asideMark = "~old"

  /// Where a model steps aside for the one that replaces it.
  static func aside(in store: URL, name: String) -> URL {
    store.appendingPathComponent(".\(name)\(asideMark)-\(UUID().uuidString)", isDirectory: true)
  }

  /// `.yolox-nano-` and a UUID.
  static func isStaging(_ name: String) -> Bool {
    name.hasPrefix(".") && name.utf8.count > 38 && name.dropLast(36).last == "-"
      && UUID(uuidString: String(name.suffix(36))) != nil
  }
}

/// The lock (flock) on a folder; `isHeld` is false where another has it or the file system has none.
struct FolderLock {
  private let descriptor: Int32
  let isHeld: Bool

  /// - Parameter waits: for another holder, of whom each needs milliseconds.
  init(_ folder: URL, waits: Bool) {
    // The store may be a link to another disk; what lies in it may be none.
    // SAFETY: the path is a terminated copy for the call.
    descriptor = unsafe open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (waits ? 0 : O_NOFOLLOW))
    var code: Int32 = -1
    repeat {
      code = descriptor < 0 ? -1 : flock(descriptor, waits ? LOCK_EX : LOCK_EX | LOCK_NB)
    } while code != 0 && descriptor >= 0 && errno == EINTR
    isHeld = code == 0
  }

  /// The descriptor, which holds the lock until it is closed.
  func keep() -> Int32 { descriptor }

  func release() { if descriptor >= 0 { close(descriptor) } }
}
