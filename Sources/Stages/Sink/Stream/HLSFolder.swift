import EdgepipeCore
import Foundation
import Glibc

/// A folder that a live stream is written into: a playlist, which its writer has locked, and the files that it names.
/// Used by one thread.
///
/// What an earlier stream left under the same names is removed; whatever else lies in the folder is left alone.
final class HLSFolder {
  let path: String
  /// Of the first segment: higher than that of any segment before it, so that no cache takes one for another.
  let firstNumber: Int
  private var held: OutputFile?
  /// Files that may still be read though they are listed no more.
  private var leaving: [String] = []

  /// - Parameter wall: now.
  init(_ path: String, wall: WallTime) throws(PipelineError) {
    self.path = path
    try OutputPath.makeFolder(path)
    held = try OutputFile.existing(path: path + "/" + HLSPlaylist.fileName)
    let old = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap { name in
      Self.number(of: name).map { (name, $0) }
    }
    firstNumber = max(Int(wall.nanoseconds / 1_000_000_000), (old.map(\.1).max() ?? 0) + 1)
    // The list goes first: nothing that it names is missing.
    remove(HLSPlaylist.fileName)
    for (name, _) in old { remove(name) }
  }

  static func initialization(_ number: Int) -> String { "init-\(number).mp4" }

  /// Writes a file that is there whole or not at all.
  func write(_ bytes: [UInt8], as name: String) throws(PipelineError) {
    let part = part(of: name)
    do throws(PipelineError) { try WholeFile.fill(part, named: path + "/" + name, with: bytes) } catch {
      // SAFETY: a terminated copy of the path.
      unsafe unlink(part)
      throw error
    }
    try place(part, as: name)
  }

  /// Replaces the playlist, and keeps others from doing so.
  func write(_ playlist: HLSPlaylist, isEnded: Bool = false) throws(PipelineError) {
    let name = HLSPlaylist.fileName, part = part(of: name)
    try WholeFile.fill(part, named: path + "/" + name, with: Array(playlist.text(isEnded: isEnded).utf8))
    let next = try OutputFile(path: part)
    try place(part, as: name)
    held = next
  }

  /// Removes segments that have not been listed for as long as the list is: players that have read an old one are done
  /// with them.
  func retire(_ segments: [HLSPlaylist.Segment], keeping length: Int) {
    leaving += segments.map { HLSPlaylist.name(of: $0.number) }
    let gone = leaving.prefix(max(0, leaving.count - length))
    gone.forEach(remove)
    leaving.removeFirst(gone.count)
  }

  private func part(of name: String) -> String { path + "/." + name + ".part" }

  private func place(_ part: String, as name: String) throws(PipelineError) {
    let target = path + "/" + name
    // SAFETY: terminated copies of the paths, here and below.
    guard unsafe rename(part, target) == 0 else {
      let code = errno
      unsafe unlink(part)
      throw OutputPath.failure("write", target, errno: code)
    }
  }

  private func remove(_ name: String) { unsafe unlink(path + "/" + name) }

  /// Of a segment or of what the segments need; of what a killed writer left half-written, too.
  private static func number(of name: String) -> Int? {
    var name = Substring(name)
    if name.hasPrefix("."), name.hasSuffix(".part") { name = name.dropFirst().dropLast(".part".count) }
    for (prefix, ending) in [("segment-", ".m4s"), ("init-", ".mp4")] where name.hasPrefix(prefix) {
      guard name.hasSuffix(ending) else { continue }
      let digits = name.dropFirst(prefix.count).dropLast(ending.count)
      if !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
        number < Int.max / 2
      {
        return number
      }
    }
    return nil
  }
}
