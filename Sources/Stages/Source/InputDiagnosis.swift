import EdgepipeCore
import Glibc

/// Says of bytes that FFmpeg cannot read what they look like, and what helps.
struct InputDiagnosis {
  /// Completes "'x' ...".
  let finding: String
  let remedy: String

  private init(finding: String, remedy: String) {
    self.finding = finding
    self.remedy = remedy
  }

  /// Looks at a file, or at the first bytes of a pipe.
  init?(_ path: BytePath) {
    // SAFETY: the path is lent for the time of the call.
    let descriptor = unsafe path.withCString { unsafe open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let size = FileStatus(descriptor: descriptor)?.size ?? 0
    let read = { (offset: Int, count: Int) in Self.read(descriptor, offset, count) }
    self.init(head: read(0, PipeInput.headSize), size: size, read: read)
  }

  init?(pipe head: [UInt8]) {
    if Self.isMP4(head), !Self.fragments(head) {
      self.init(
        finding: "is an MP4 whose index (its 'moov' box) does not come first, and a pipe is not seekable",
        remedy:
          "write it with -movflags frag_keyframe+empty_moov or +faststart, send Matroska or MPEG-TS, or give the file"
      )
      return
    }
    self.init(head: head, size: nil) { _, _ in [] }
  }

  /// - Parameter read: gives bytes at an offset, fewer or none at the end.
  init?(head: [UInt8], size: Int?, read: (_ offset: Int, _ count: Int) -> [UInt8]) {
    if head.isEmpty { return nil }
    if Self.isMP4(head), let size {
      guard let fault = MP4Boxes(size: size, read: read).fault else { return nil }
      finding = fault
      remedy =
        "copy or record it again: such a file cannot be read without its index; "
        + "fragmented MP4 and Matroska remain readable when truncated"
    } else if head.allSatisfy({ $0 == 0 }) {
      finding = "begins with zeros only"
      remedy = "copy it again: it was not written completely"
    } else if let text = Self.text(head) {
      (finding, remedy) = Self.words(text)
    } else if let kind = Self.kinds.first(where: { head.starts(with: $0.start) }) {
      finding = "is \(kind.name)"
      remedy = "give a video or picture file"
    } else {
      return nil
    }
  }

  private static let kinds: [(start: [UInt8], name: String)] = [
    (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"), ([0x1F, 0x8B], "a gzip archive"),
    (Array("%PDF".utf8), "a PDF document"),
    (Array("SQLite format 3".utf8), "a database"), ([0x7F, 0x45, 0x4C, 0x46], "a program"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive"), (Array("7z".utf8) + [0xBC, 0xAF], "a 7z archive"),
    (Array("Rar!".utf8), "a RAR archive"),
  ]

  /// The text, where the bytes are one as far as can be seen; the last character may be cut off.
  private static func text(_ head: [UInt8]) -> String? {
    let bytes = TextFile.utf8(head)
    let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) || $0 == 0x1B }
    guard isPlain else { return nil }
    for cut in 0...min(3, bytes.count) {
      if let text = String(validating: bytes.dropLast(cut), as: UTF8.self) { return text }
    }
    return nil
  }

  private static func words(_ text: String) -> (String, String) {
    let start = text.drop { $0.isWhitespace }.prefix(200).lowercased()
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
      return ("is an HTML page", "give the address of the video itself")
    }
    if start.hasPrefix("#extm3u") {
      return (
        "is a playlist that cannot be played: its segments are missing or on other machines",
        "give the playlist's own address, such as https://host/list.m3u8"
      )
    }
    if start.hasPrefix("{") || start.hasPrefix("[") { return ("is a JSON file", "give a video or picture file") }
    if start.hasPrefix("version https://git-lfs") {
      return ("is a Git LFS pointer, not the file itself", "fetch the file with `git lfs pull`")
    }
    return ("is a text file", "give a video or picture file, or a list of streams with 'list' or --source-list")
  }

  private static func isMP4(_ head: [UInt8]) -> Bool {
    head.count >= 8 && ["ftyp", "moov", "mdat", "wide", "free", "skip"].contains { head[4..<8].elementsEqual($0.utf8) }
  }

  /// Whether the index comes before the pictures, as far as can be seen.
  private static func fragments(_ head: [UInt8]) -> Bool {
    MP4Boxes(size: .max) { offset, count in Array(head.dropFirst(offset).prefix(count)) }.names.contains("moov")
  }

  private static func read(_ descriptor: Int32, _ offset: Int, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // SAFETY: the buffer is valid during the call and has `count` bytes.
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, offset) }
    return Array(bytes.prefix(max(0, got)))
  }
}

/// The outermost boxes of an MP4 or QuickTime file.
struct MP4Boxes {
  private(set) var names: [String] = []
  /// The name of a box that is longer than what is left of the file.
  private(set) var cut: String?

  /// A file with more is no usual recording.
  private static let limit = 1024

  /// - Parameter read: gives bytes at an offset, fewer or none at the end.
  init(size: Int, read: (_ offset: Int, _ count: Int) -> [UInt8]) {
    var offset = 0
    while names.count < Self.limit, offset < size {
      let header = read(offset, 16)
      guard header.count >= 8 else { return }
      names.append(String(decoding: header[4..<8], as: UTF8.self))
      var length = Self.number(header[0..<4])
      if length == 1, header.count == 16 { length = Self.number(header[8..<16]) }
      // 0: up to the end of the file.
      if length == 0 { return }
      guard length >= 8, let length = Int(exactly: length) else { return }
      guard length <= size - offset else {
        cut = names.last
        return
      }
      offset += length
    }
  }

  /// What keeps the file from being read, or nil.
  var fault: String? {
    if let cut {
      return "is truncated in its '\(cut)' box" + (names.contains("moov") ? "" : ", before its index (the 'moov' box)")
    }
    return names.contains("moov")
      ? nil : "has no index (no 'moov' box): its recording was interrupted, or is still running"
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
