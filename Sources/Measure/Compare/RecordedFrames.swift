import EdgepipeCore
package import Foundation

/// What a run found in its frames, read from the JSON Lines that its sinks wrote.
package struct RecordedFrames: Sendable {
  /// A frame by its place in the input, whatever the stream is called.
  struct Key: Hashable, Sendable {
    /// The input's name; in a folder of pictures that of the picture.
    let source: String
    let number: Int
    /// Counts the streams of the same input, by their names in order.
    let stream: Int
  }

  /// By the stage that found them.
  typealias Stages = [String: [Detection]]

  private(set) var frames: [Key: Stages] = [:]

  /// - Parameter files: the lines of each sink. A stage's detections that reach several sinks are taken once.
  /// - Throws: ``PipelineError`` when a line is none of ours.
  package init(files: [Data]) throws {
    var found: [Place: Stages] = [:]
    for file in files {
      let lines = try Self.read(file)
      found.merge(lines) { known, other in known.merging(other) { first, _ in first } }
    }
    var streams: [Place: Int] = [:]
    for place in found.keys.sorted(by: { $0.stream < $1.stream }) {
      let input = Place(stream: "", source: place.source, frame: place.frame)
      let number = streams[input, default: 0]
      streams[input] = number + 1
      frames[Key(source: place.source, number: place.frame, stream: number)] = found[place]
    }
  }

  var sources: Set<String> { Set(frames.keys.map(\.source)) }

  /// Detections of all stages in one frame; none for a frame that is not there.
  func detections(_ key: Key) -> [Detection] {
    (frames[key] ?? [:]).sorted { $0.key < $1.key }.flatMap(\.value)
  }

  private struct Place: Hashable {
    let stream: String
    let source: String
    let frame: Int
  }

  private static func read(_ file: Data) throws -> [Place: Stages] {
    var frames: [Place: Stages] = [:]
    for text in file.split(separator: UInt8(ascii: "\n")) {
      let line: Line
      do { line = try JSONDecoder().decode(Line.self, from: text) } catch {
        throw PipelineError("a run's results cannot be read: \(error)", code: .internalFault)
      }
      guard line.type == "frame", let stream = line.stream, let frame = line.frame else { continue }
      frames[Place(stream: stream, source: line.source ?? "", frame: frame)] =
        Dictionary(grouping: line.detections ?? [], by: \.stage).mapValues { $0.map(\.detection) }
    }
    return frames
  }

  /// The same frames without the detections that a stage would not have reported with these limits.
  ///
  /// Suppression goes from the best score downwards, so that what was found with a lower limit holds, above the higher
  /// one, just what would have been found with it.
  ///
  /// - Parameter scores: for each stage, what a score must exceed.
  func above(scores: [String: Double]) -> RecordedFrames {
    var copy = self
    for (key, stages) in frames {
      for (stage, limit) in scores { copy.frames[key]?[stage] = stages[stage]?.filter { Double($0.score) > limit } }
    }
    return copy
  }
}

/// The keys of a results line that are needed here.
private struct Line: Decodable {
  struct Found: Decodable {
    let label: String
    let `class`: Int
    let score: Float
    let box: Box
    let stage: String

    var detection: Detection { Detection(label: label, classIndex: `class`, score: score, box: box) }
  }

  let type: String
  let stream: String?
  let frame: Int?
  let source: String?
  let detections: [Found]?
}
