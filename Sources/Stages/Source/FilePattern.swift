import EdgepipeCore
import Glibc

/// A path that stands for several files: a glob such as `clips/*.mp4`, or numbered pictures such as `img%03d.png`.
///
/// Only a path to nothing is read as a pattern: a file may be called `a*.mp4` or `p%03d.png`.
enum FilePattern {
  /// Of files that a pattern may find beside pictures; what has another ending is tried as a video as well.
  static let videoEndings: Set<String> = [
    "mp4", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "m2ts", "mts", "m4v", "3gp", "flv", "wmv", "asf", "h264",
    "264", "h265", "265", "hevc", "mjpeg", "mjpg", "y4m", "ogv", "mxf", "vob", "dav",
  ]

  /// What the pattern names, or nil where the path is none.
  ///
  /// - Throws: ``PipelineError`` `notFound` with `endStream` when it names nothing.
  static func find(_ path: BytePath) throws(PipelineError) -> MediaInput? {
    if let number = Number(in: path.name) { return try sequence(path, number) }
    guard path.bytes.contains(where: { "*?[".utf8.contains($0) }) else { return nil }
    return try sort(matches(path), of: path)
  }

  /// All pictures: one stream, as a folder is. Otherwise videos, one after another.
  private static func sort(_ found: [BytePath], of pattern: BytePath) throws(PipelineError) -> MediaInput {
    var pictures: [BytePath] = [], others: [BytePath] = []
    var passedOver = PassedOver()
    for path in found {
      if (try? FileStatus(path))?.kind == .folder {
        passedOver.add("folder")
      } else if let ending = path.ending, PictureKinds.endings.contains(ending) {
        pictures.append(path)
      } else {
        others.append(path)
      }
    }
    guard !(pictures.isEmpty && others.isEmpty) else {
      throw PipelineError(
        "no file matches '\(pattern.text)'" + (passedOver.isEmpty ? "" : ", only \(passedOver)"),
        remedy: "check the pattern; it is relative to the working directory", consequence: .endStream, code: .notFound)
    }
    let isVideo = others.contains { $0.ending.map(videoEndings.contains) ?? false }
    if pictures.isEmpty || isVideo {
      for path in pictures { passedOver.add("." + (path.ending ?? "")) }
      let videos = isVideo ? others.filter { $0.ending.map(videoEndings.contains) ?? false } : others
      for path in others where !videos.contains(path) { passedOver.add(path.ending.map { "." + $0 } ?? "no ending") }
      return .videos(VideoList(name: pattern.text, paths: PictureList.ordered(videos), passedOver: passedOver))
    }
    for path in others { passedOver.add(path.ending.map { "." + $0 } ?? "no ending") }
    var list = PictureList(name: pattern.text, folder: BytePath(""), names: PictureList.ordered(pictures))
    list.passedOver = passedOver
    return .pictures(list)
  }

  private static func matches(_ pattern: BytePath) -> [BytePath] {
    var result = unsafe glob_t()
    // SAFETY: the pattern is lent for the time of the call, which fills `result`; what it holds is copied and then freed.
    defer { unsafe globfree(&result) }
    guard unsafe pattern.withCString({ unsafe glob($0, GLOB_NOSORT, nil, &result) }) == 0 else { return [] }
    return unsafe (0..<Int(result.gl_pathc)).compactMap { index in
      guard let match = unsafe result.gl_pathv[index] else { return nil }
      return unsafe BytePath(bytes: Array(UnsafeRawBufferPointer(start: match, count: strlen(match))))
    }
  }

  // MARK: - Numbered pictures

  /// The place of a number in a name: `%d`, `%3d` or `%03d`.
  struct Number {
    let before: [UInt8]
    let after: [UInt8]
    /// The fewest digits.
    let width: Int

    init?(in name: BytePath) {
      let bytes = name.bytes
      guard let percent = bytes.firstIndex(of: UInt8(ascii: "%")) else { return nil }
      let digits = bytes[(percent + 1)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard digits.endIndex < bytes.count, bytes[digits.endIndex] == UInt8(ascii: "d"), digits.count <= 3 else {
        return nil
      }
      before = Array(bytes[..<percent])
      after = Array(bytes[(digits.endIndex + 1)...])
      width = Int(String(decoding: digits, as: UTF8.self)) ?? 1
    }

    func matches(_ name: BytePath) -> Bool {
      let bytes = name.bytes
      guard bytes.count > before.count + after.count, bytes.starts(with: before),
        bytes.suffix(after.count).elementsEqual(after)
      else { return false }
      let digits = bytes[before.count..<(bytes.count - after.count)]
      return digits.count >= width && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
  }

  private static func sequence(_ path: BytePath, _ number: Number) throws(PipelineError) -> MediaInput {
    let folder = path.folder
    let entries = try PictureList.entries(of: folder.bytes.isEmpty ? BytePath(".") : folder)
    let names = entries.filter { !$0.isFolder && number.matches($0.name) }.map(\.name)
    guard !names.isEmpty else {
      throw PipelineError(
        "no file matches '\(path.text)'", remedy: "check the pattern; it is relative to the working directory",
        consequence: .endStream, code: .notFound)
    }
    return try sort(names.map { folder.appending($0) }, of: path)
  }
}

/// Videos that are played one after another, as one stream.
struct VideoList: Sendable, Hashable {
  /// What the user named.
  var name: String
  var paths: [BytePath]
  var passedOver: PassedOver
}
