import EdgepipeCore
import Foundation

/// The results that a `sink.jsonl` of an earlier run has written, read as what is usual. Line by line: such a file may be larger
/// than the memory.
struct RecordedResults {
  private struct Head: Decodable { let type: String }

  private struct FrameLine: Decodable {
    struct Box: Decodable { let width, height: Double }

    struct Found: Decodable {
      let label: String
      let score: Double
      let box: Box
      let predicted: Bool?
    }

    let stream: String
    let pts_s: Double
    let width, height: Int
    let detections: [Found]
  }

  private struct Stream {
    var tally = ScoreTally()
    var last: Double?
  }

  private let path: String
  private var streams: [String: Stream] = [:]
  private(set) var frames = 0

  /// Whether the file's first line is one of results; a baseline that the stage has written is another kind of JSON.
  static func isThere(_ path: String) throws(PipelineError) -> Bool {
    var lines = try LineReader(path, what: "the baseline")
    guard let first = try lines.next() else { return false }
    return (try? JSONDecoder().decode(Head.self, from: first.data)) != nil
  }

  /// - Parameter everyMs: of a stream's own time, from one frame that counts to the next.
  /// - Throws: ``PipelineError`` `malformed` for a whole line that is none of results.
  init(reading path: String, everyMs: Double) throws(PipelineError) {
    self.path = path
    var lines = try LineReader(path, what: "the baseline")
    let decoder = JSONDecoder()
    while let line = try lines.next() {
      do {
        guard try decoder.decode(Head.self, from: line.data).type == "frame" else { continue }
        add(try decoder.decode(FrameLine.self, from: line.data), everyMs: everyMs)
      } catch {
        // A run that was killed leaves half a line.
        if !line.isWhole { break }
        throw PipelineError(
          "line \(line.number) of the baseline '\(path)' is not a line of results",
          remedy: "use a file that sink.jsonl has written", code: .malformed)
      }
    }
    guard frames > 0 else {
      throw PipelineError(
        "the results '\(path)' have no frames", remedy: "write them without \"frames\": \"events\"", code: .malformed)
    }
  }

  private mutating func add(_ line: FrameLine, everyMs: Double) {
    frames += 1
    // Nobody looked at it.
    guard line.detections.isEmpty || line.detections.contains(where: { $0.predicted != true }) else { return }
    guard streams[line.stream] != nil || streams.count < ScoreBaselines.mostStreams else { return }
    var stream = streams[line.stream] ?? Stream()
    // Where another run was added to the file, time begins anew.
    if let last = stream.last, line.pts_s >= last, line.pts_s - last < everyMs / 1e3 - 1e-6 { return }
    stream.last = line.pts_s
    stream.tally.add(
      seen: line.detections.lazy.filter { $0.predicted != true }.map {
        ScoreTally.Seen(label: $0.label, score: $0.score, area: $0.box.width * $0.box.height)
      }, width: line.width, height: line.height)
    streams[line.stream] = stream
  }

  /// By stream, in the order of their names.
  var tallies: [(stream: String, tally: ScoreTally)] {
    streams.sorted { $0.key < $1.key }.map { ($0.key, $0.value.tally) }
  }
}

/// The lines of a file, one after the other.
private struct LineReader {
  struct Line {
    let data: Data
    /// From 1.
    let number: Int
    /// It has an end.
    let isWhole: Bool
  }

  private static let chunk = 1 << 20
  private static let longestLine = 16 << 20

  private let path: String
  private let what: String
  private let file: FileHandle
  private var rest = Data()
  private var number = 0
  private var isAtEnd = false

  init(_ path: String, what: String) throws(PipelineError) {
    // A pipe would be waited for.
    guard case .file = FilePlace(path), let file = FileHandle(forReadingAtPath: path) else {
      throw PipelineError("\(what) '\(path)' is not a file that can be read", code: .notFound)
    }
    (self.path, self.what, self.file) = (path, what, file)
  }

  /// Empty lines are left out.
  mutating func next() throws(PipelineError) -> Line? {
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(rest[rest.startIndex..<end])
        rest = rest[(end + 1)...]
        number += 1
        if !line.isEmpty { return Line(data: line, number: number, isWhole: true) }
      } else if isAtEnd {
        defer { rest = Data() }
        number += 1
        return rest.isEmpty ? nil : Line(data: rest, number: number, isWhole: false)
      } else {
        guard rest.count <= Self.longestLine else {
          throw PipelineError(
            "line \(number + 1) of \(what) '\(path)' is longer than \(Self.longestLine) bytes", code: .malformed)
        }
        let read: Data?
        do { read = try file.read(upToCount: Self.chunk) } catch {
          throw PipelineError("cannot read \(what) '\(path)': \(error.localizedDescription)", code: .notFound)
        }
        guard let read, !read.isEmpty else {
          isAtEnd = true
          continue
        }
        rest = Data(rest) + read
      }
    }
  }
}
