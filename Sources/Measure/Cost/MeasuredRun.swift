import EdgepipeCore
import Foundation

/// What a run report says of speed and power.
struct MeasuredRun: Sendable, Equatable {
  struct Power: Sendable, Equatable {
    let meanW: Double
    let isEstimate: Bool
    /// In words: `measured: rapl, package-0`.
    let source: String
  }

  /// Frames a second.
  let rate: Double
  /// Nil where the run has none, such as a replay.
  let power: Power?

  /// - Throws: `notFound` for a file that cannot be read, `malformed` for one that is no run report or one of a run
  ///   without frames.
  static func load(_ file: String) throws -> MeasuredRun {
    let text: String
    do throws(SystemTree.Failure) { text = try SystemTree.contents(file) } catch {
      throw PipelineError(
        "cannot read the run report '\(file)': \(error)",
        remedy: "create it with: edgepipe run PIPELINE --report \(file)",
        code: .notFound)
    }
    return try parse(text, file: file)
  }

  static func parse(_ text: String, file: String) throws -> MeasuredRun {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let report = try? decoder.decode(Document.self, from: Data(text.utf8)), report.v == 1 else {
      throw PipelineError(
        "'\(file)' is not a run report", remedy: "create one with: edgepipe run PIPELINE --report FILE",
        code: .malformed)
    }
    guard report.fps > 0 else {
      throw PipelineError(
        "the run of '\(file)' delivered no frames", remedy: "use the report of another run", code: .malformed)
    }
    guard let watts = report.power.meanW, let isEstimate = report.power.estimated, watts >= 0 else {
      return MeasuredRun(rate: report.fps, power: nil)
    }
    let source = report.power.source ?? "\(isEstimate ? "estimated" : "measured"): \(report.power.method)"
    return MeasuredRun(rate: report.fps, power: Power(meanW: watts, isEstimate: isEstimate, source: source))
  }

  /// The keys of a run report that matter here.
  private struct Document: Decodable {
    let v: Int
    let fps: Double
    let power: PowerKeys

    struct PowerKeys: Decodable {
      let method: String
      let estimated: Bool?
      let meanW: Double?
      let source: String?
    }
  }
}
