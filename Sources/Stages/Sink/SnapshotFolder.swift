import EdgepipeCore
import Foundation

/// A folder of numbered pictures with an index beside them: never more pictures than allowed, the oldest go first.
///
/// Only files that the index names are counted and removed; whatever else lies in the folder is left alone. Used by
/// one thread.
final class SnapshotFolder {
  static let indexName = "index.jsonl"

  let path: String
  /// Pictures removed to keep within the limit.
  private(set) var removed = 0
  private let limit: Int
  private let index: LineFile
  /// Names of the pictures that are there, the oldest first; those before `first` are gone.
  private var names: [String] = []
  private var first = 0
  private var lastNumber: [String: Int] = [:]

  /// Opens the folder, making it, and takes over what an earlier run left.
  ///
  /// - Parameter held: its index, where that was opened before.
  init(path: String, limit: Int, held: OutputFile? = nil) throws(PipelineError) {
    self.path = path
    self.limit = max(1, limit)
    try OutputPath.makeFolder(path)
    let indexPath = Self.index(of: path)
    index = try LineFile(path: indexPath, mode: .append, held: held)
    let text = (try? Data(contentsOf: URL(fileURLWithPath: indexPath))) ?? Data()
    for line in text.split(separator: 0x0A) {
      guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)), entry.file == Self.plain(entry.file),
        let number = Self.number(of: entry.file)
      else { continue }
      lastNumber[number.stream] = max(lastNumber[number.stream] ?? 0, number.value)
      if FileManager.default.fileExists(atPath: path + "/" + entry.file) { names.append(entry.file) }
    }
  }

  static func index(of folder: String) -> String { folder + "/" + indexName }

  var count: Int { names.count - first }

  /// The next picture's name, such as `camera-000012.jpg`.
  func nextName(stream: String, fileExtension: String) -> String {
    let stream = OutputPath.fileName(for: stream)
    while true {
      let number = (lastNumber[stream] ?? 0) + 1
      lastNumber[stream] = number
      let digits = String(number)
      let name = "\(stream)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).\(fileExtension)"
      // A picture that the index does not know is somebody else's.
      var status = stat()
      // SAFETY: a terminated copy of the path; the call fills one stat.
      if unsafe lstat(path + "/" + name, &status) != 0 { return name }
    }
  }

  /// Writes a picture under `name`, whole or not at all, then its line of the index, then removes what is too much.
  func add(_ picture: [UInt8], name: String, line: [UInt8]) throws(PipelineError) {
    let target = path + "/" + name, partial = path + "/." + name + ".part"
    do throws(PipelineError) {
      try WholeFile.fill(partial, named: target, with: picture)
    } catch {
      // SAFETY: terminated copies of the paths, here and below.
      unsafe unlink(partial)
      throw error
    }
    guard unsafe rename(partial, target) == 0 else {
      let code = errno
      unsafe unlink(partial)
      throw OutputPath.failure("write", target, errno: code)
    }
    try index.write(line)
    names.append(name)
    while count > limit {
      unsafe unlink(path + "/" + names[first])
      first += 1
      removed += 1
    }
    if first > 1024 {
      names.removeFirst(first)
      first = 0
    }
  }

  private struct Entry: Decodable { var file: String }

  /// A name without any folder.
  private static func plain(_ name: String) -> String { String(name.split(separator: "/").last ?? "") }

  /// Takes `camera-000012.jpg` apart.
  private static func number(of name: String) -> (stream: String, value: Int)? {
    guard let dash = name.lastIndex(of: "-"), let dot = name.lastIndex(of: "."), dash < dot,
      let value = Int(name[name.index(after: dash)..<dot]), value >= 0, value < Int.max / 2
    else { return nil }
    return (String(name[..<dash]), value)
  }
}
