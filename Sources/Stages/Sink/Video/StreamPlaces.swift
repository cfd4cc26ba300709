import EdgepipeCore
import Foundation

/// Where each stream of a sink goes: a template in which `{stream}` stands for the stream's id. Without it there is room
/// for one stream.
struct StreamPlaces {
  static let placeholder = "{stream}"

  private let template: String
  /// What helps where a second stream finds no room.
  private let remedy: String
  private let isAddress: Bool
  private var streams: [String: String] = [:]
  private var taken: Set<String> = []

  /// - Parameter isAddress: the template is a URL, in which ids are percent-encoded.
  init(_ template: String, isAddress: Bool = false, remedy: String) {
    (self.template, self.isAddress, self.remedy) = (template, isAddress, remedy)
  }

  /// The place of `stream`, its own for good.
  ///
  /// - Throws: ``PipelineError`` `invalidConfiguration` for a second stream where there is room for one.
  mutating func place(for stream: String) throws(PipelineError) -> String {
    if let place = streams[stream] { return place }
    if !template.contains(Self.placeholder), let other = streams.keys.first {
      throw PipelineError(
        "'\(URLRedaction.redact(template))' contains the stream '\(other)', but the stream '\(stream)' arrived as well",
        remedy: remedy, code: .invalidConfiguration)
    }
    var place = Self.place(template, of: stream, isAddress: isAddress)
    // Two ids may give one file name.
    var suffix = 2
    while taken.contains(place) {
      place = Self.place(template, of: stream, isAddress: isAddress, suffix: "-\(suffix)")
      suffix += 1
    }
    streams[stream] = place
    taken.insert(place)
    return place
  }

  static func place(_ template: String, of stream: String, isAddress: Bool = false, suffix: String = "") -> String {
    let name = OutputPath.fileName(for: stream) + suffix
    return template.replacingOccurrences(
      of: placeholder, with: isAddress ? PercentEncoding.text(name, keeping: PercentEncoding.isUnreserved) : name)
  }
}
