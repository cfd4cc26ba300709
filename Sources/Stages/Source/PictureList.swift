import EdgepipeCore
import Foundation
import Glibc

/// Pictures that are read as one stream, and what lay among them and is not read.
struct PictureList: Sendable, Hashable {
  /// What the user named: a folder or a pattern.
  var name: String
  /// Where the names begin; empty where they are whole paths.
  var folder: BytePath
  /// In the order in which they are read.
  var names: [BytePath]
  var passedOver = PassedOver()

  /// The readable pictures of a folder, by name.
  ///
  /// - Throws: ``PipelineError`` with `endStream`: `notFound` when the folder cannot be listed, `malformed` when it
  ///   holds no pictures.
  init(folder: BytePath) throws(PipelineError) {
    self.init(name: folder.text, folder: folder, names: [])
    for entry in try Self.entries(of: folder) { sort(entry.name, isFolder: entry.isFolder) }
    order()
    guard names.isEmpty else { return }
    let held = passedOver.isEmpty ? "it is empty" : "it contains \(passedOver)"
    let videos = passedOver.counts.keys.contains { FilePattern.videoEndings.contains(String($0.dropFirst())) }
    let endings = PictureKinds.endings.sorted().joined(separator: ", ")
    throw PipelineError(
      "the folder '\(name)' contains no pictures: \(held)",
      remedy: videos
        ? "give one of the videos, or all of them in sequence with a pattern such as "
          + "'\(folder.appending(BytePath("*.mp4")).text)'"
        : "put pictures in it (\(endings))", consequence: .endStream, code: .unsupported)
  }

  /// Of what a pattern has found, the pictures.
  init(name: String, folder: BytePath, names: [BytePath]) {
    self.name = name
    self.folder = folder
    self.names = names
  }

  private mutating func sort(_ name: BytePath, isFolder: Bool) {
    if name.bytes.first == UInt8(ascii: ".") {
      passedOver.add("hidden")
    } else if isFolder {
      passedOver.add("folder")
    } else if let ending = name.ending, PictureKinds.endings.contains(ending) {
      names.append(name)
    } else {
      passedOver.add(name.ending.map { "." + $0 } ?? "no ending")
    }
  }

  private mutating func order() { names = Self.ordered(names) }

  /// Runs of digits compare as numbers: `2.jpg` comes before `10.jpg`.
  static func ordered(_ names: [BytePath]) -> [BytePath] {
    names.map { (path: $0, text: $0.text) }.sorted { precedes($0, $1) }.map(\.path)
  }

  private static func precedes(_ a: (path: BytePath, text: String), _ b: (path: BytePath, text: String)) -> Bool {
    switch a.text.compare(b.text, options: [.numeric], locale: nil) {
    case .orderedAscending: true
    case .orderedDescending: false
    case .orderedSame: a.path.bytes.lexicographicallyPrecedes(b.path.bytes)
    }
  }

  static func entries(of folder: BytePath) throws(PipelineError) -> [(name: BytePath, isFolder: Bool)] {
    // SAFETY: the path is lent for the time of the call.
    guard let stream = unsafe folder.withCString({ unsafe opendir($0) }) else {
      throw FileStatus.failure(folder, errno)
    }
    // SAFETY: opened above, closed here alone.
    defer { unsafe closedir(stream) }
    var entries: [(name: BytePath, isFolder: Bool)] = []
    // SAFETY: the entry is valid up to the next call, and its name is copied before.
    while let entry = unsafe readdir(stream) {
      let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
      if bytes == Array(".".utf8) || bytes == Array("..".utf8) { continue }
      let name = BytePath(bytes: bytes)
      let type = unsafe Int(entry.pointee.d_type)
      let isFolder =
        type == Int(DT_DIR)
        || (type == Int(DT_LNK) || type == Int(DT_UNKNOWN)) && isFolder(folder.appending(name))
      entries.append((name, isFolder))
    }
    return entries
  }

  private static func isFolder(_ path: BytePath) -> Bool { (try? FileStatus(path))?.kind == .folder }
}

/// Files that a folder or a pattern names and that are not read, by the reason.
struct PassedOver: Sendable, Hashable, CustomStringConvertible {
  /// `hidden`, `folder`, `no ending`, or the ending with its point.
  private(set) var counts: [String: Int] = [:]

  var isEmpty: Bool { counts.isEmpty }
  var total: Int { counts.values.reduce(0, +) }

  mutating func add(_ reason: String) { counts[reason, default: 0] += 1 }

  /// `3 .mp4, 1 without an ending, 2 folders, 1 hidden`: the most frequent ones first.
  var description: String {
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = sorted.prefix(8).map { "\($0.value) \(Self.words($0.key, $0.value))" }
    let rest = sorted.dropFirst(8).reduce(0) { $0 + $1.value }
    return (shown + (rest > 0 ? ["\(rest) others"] : [])).joined(separator: ", ")
  }

  private static func words(_ reason: String, _ count: Int) -> String {
    switch reason {
    case "folder": count == 1 ? "folder" : "folders"
    case "no ending": "without an ending"
    default: reason
    }
  }
}
