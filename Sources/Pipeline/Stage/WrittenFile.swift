package import EdgepipeCore
import Foundation

/// A file that a stage has finished, for those who want to look at it: a picture, a clip, a recording.
package struct WrittenFile: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case picture
    case clip
    case recording
  }

  /// Counted from 1 in each run.
  package var number = 0
  package let kind: Kind
  package let stage: String
  package let stream: String
  /// From the root folder on.
  package let path: String
  /// A picture of it beside it, such as that of a clip's first event.
  package let picture: String?
  /// The time of its first frame.
  package let begin: WallTime
  /// What else there is to know of it: its length, what it shows.
  package let facts: [String: ReportValue]
  /// Only anonymized pictures came to its stage.
  package var isAnonymized = false

  init(
    _ kind: Kind, stage: String, stream: String, path: String, picture: String?, begin: WallTime,
    facts: [String: ReportValue]
  ) {
    (self.kind, self.stage, self.stream, self.path, self.picture) = (kind, stage, stream, path, picture)
    (self.begin, self.facts) = (begin, facts)
  }

  package var value: ReportValue {
    .object([
      "event": .string("file"), "number": .int(number), "kind": .string(kind.rawValue), "stage": .string(stage),
      "stream": .string(stream), "path": .string(path), "picture": picture.map { .string($0) } ?? .null,
      "begin": .string(begin.iso8601), "facts": .object(facts),
      "anonymized": .bool(isAnonymized),
    ])
  }
}

/// Where stages tell of the files that they have finished.
protocol FileReports: Sendable {
  func note(_ file: WrittenFile)
}

extension StageContext {
  /// Tells those who follow the run that a file is finished.
  ///
  /// - Parameters:
  ///   - path: relative to the working directory, or from the root folder on.
  ///   - picture: of it, beside it.
  package func tell(
    _ kind: WrittenFile.Kind, of stream: String, path: String, picture: String? = nil, begin: WallTime,
    facts: [String: ReportValue] = [:]
  ) {
    written?.note(
      WrittenFile(
        kind, stage: id, stream: stream, path: Self.absolute(path),
        picture: picture.map(Self.absolute), begin: begin, facts: facts))
  }

  private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
