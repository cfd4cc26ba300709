import EdgepipeCore
import Foundation

/// The folder of a recording sink: a folder for each stream in it, and never more than the quota allows, the oldest go first.
///
/// Only files with names of ours are counted and removed, those of earlier runs included. Used by one thread.
final class RecordingFolder {
  let path: String
  private(set) var removed = 0
  private let quota: RecordingQuota
  /// What is there and closed, the oldest first.
  private var items: [RecordingQuota.Item] = []
  /// What is being written, by its name.
  private var open: [String: Int64] = [:]

  init(path: String, quota: RecordingQuota) {
    self.path = path
    self.quota = quota
    let manager = FileManager.default
    for folder in (try? manager.contentsOfDirectory(atPath: path)) ?? [] {
      var found: [String: RecordingQuota.Item] = [:]
      for name in (try? manager.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? [] {
        guard let stem = RecordingName.stem(ofFile: name), let begin = RecordingName.time(ofStem: stem) else {
          continue
        }
        let size = (try? manager.attributesOfItem(atPath: "\(path)/\(folder)/\(name)")[.size] as? Int64) ?? 0
        found[stem, default: .init(folder: folder, stem: stem, begin: begin, bytes: 0)].bytes += size
      }
      items += found.values
    }
    sort()
  }

  /// The folder of a stream.
  static func folder(_ path: String, of stream: String) -> String { path + "/" + OutputPath.fileName(for: stream) }

  /// The path without ending of a new recording.
  func begin(stream: String, at time: WallTime) throws(PipelineError) -> String {
    let folder = Self.folder(path, of: stream)
    try OutputPath.makeFolder(folder)
    let name = RecordingName.stem(time)
    var stem = name, number = 1
    // A clock that was set back, or several in one millisecond.
    while [RecordingName.video, RecordingName.facts].contains(where: { exists("\(folder)/\(stem).\($0)") }) {
      number += 1
      stem = "\(name)-\(number)"
    }
    open["\(folder)/\(stem)"] = 0
    return "\(folder)/\(stem)"
  }

  func note(_ place: String, bytes: Int64) { open[place] = bytes }

  /// The recording is closed: from here on it may be removed.
  func end(_ place: String) {
    open[place] = nil
    let parts = place.split(separator: "/").suffix(2).map(String.init)
    guard parts.count == 2 else { return }
    let (folder, stem) = (parts[0], parts[1])
    let bytes = RecordingName.endings.reduce(Int64(0)) { sum, ending in
      let size = try? FileManager.default.attributesOfItem(atPath: "\(place).\(ending)")[.size] as? Int64
      return sum + (size ?? 0)
    }
    guard bytes > 0, let begin = RecordingName.time(ofStem: stem) else { return }
    items.append(.init(folder: folder, stem: stem, begin: begin, bytes: bytes))
    sort()
  }

  /// Removes what is too much.
  func prune(disk: DiskSpace?, now: WallTime) {
    let count = quota.surplus(
      of: items, open: open.values.reduce(0, +), disk: disk, now: now.nanoseconds / 1_000_000_000)
    for item in items.prefix(count) { Self.remove("\(path)/\(item.folder)/\(item.stem)") }
    items.removeFirst(count)
    removed += count
  }

  /// Removes the files of a recording.
  static func remove(_ place: String) {
    // SAFETY: terminated copies of the paths.
    for ending in RecordingName.endings { unsafe unlink("\(place).\(ending)") }
  }

  private func sort() { items.sort { ($0.begin, $0.stem, $0.folder) < ($1.begin, $1.stem, $1.folder) } }

  private func exists(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: a terminated copy of the path; the call fills one stat.
    return unsafe lstat(path, &status) == 0
  }
}
