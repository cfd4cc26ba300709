package import Pipeline
import Stages

/// How the sources decode in one trial; nil leaves an option as the pipeline has it.
package struct TuneDecoding: Sendable, Hashable {
  /// Decoding threads of each stream. They change no picture.
  package var threads: Int?
  /// Which pictures are decoded without the loop filter: a word of `skip.loopFilter`. Those pictures change.
  package var skippedLoopFilter: String?

  package init(threads: Int? = nil, skippedLoopFilter: String? = nil) {
    self.threads = threads
    self.skippedLoopFilter = skippedLoopFilter
  }

  /// The options of a source: `threads=2 skip.loopFilter=all`; nil where all is as the pipeline has it.
  package var text: String? { options.isEmpty ? nil : options.joined(separator: " ") }

  private var options: [String] {
    [threads.map { "threads=\($0)" }, skippedLoopFilter.map { "skip.loopFilter=\($0)" }].compactMap { $0 }
  }

  /// This way, changed as `step` says.
  func changed(by step: TuneDecoding) -> TuneDecoding {
    TuneDecoding(
      threads: step.threads ?? threads, skippedLoopFilter: step.skippedLoopFilter ?? skippedLoopFilter)
  }

  /// The overrides that make the sources decode so.
  func sets(for sources: [String]) -> [String] {
    sources.flatMap { source in options.map { "\(source).\($0)" } }
  }
}

/// The ways of decoding worth trying, for the sources of a pipeline that decode.
struct TuneDecoders {
  /// Their ids.
  let sources: [String]
  /// The fewest threads that one of them has, and the most that one of them skips.
  private let threads: Int
  private let skipped: Int

  private static let filters = DecoderOptions.SkippedLoopFilter.allCases.map(\.rawValue)

  init(_ stages: [StageSettings]) {
    let decoding = stages.filter { $0.type == FFmpegSource.type }
    sources = decoding.map(\.id)
    threads = decoding.map { $0.config["threads"]?.integer ?? 1 }.min() ?? 0
    skipped =
      decoding.map { stage in
        stage.config["skip"]?["loopFilter"]?.string.flatMap { Self.filters.firstIndex(of: $0) } ?? 0
      }.max() ?? 0
  }

  /// What to try on top of `decoding`: threads first, which cost no accuracy, then ever less of the loop filter.
  func steps(after decoding: TuneDecoding, cores: Int) -> [TuneDecoding] {
    guard !sources.isEmpty else { return [] }
    let known = decoding.threads ?? threads
    // 0 takes a thread for each core.
    let more = known > 0 && known < cores ? [TuneDecoding(threads: cores)] : []
    let first = decoding.skippedLoopFilter.flatMap { Self.filters.firstIndex(of: $0) } ?? skipped
    return more + Self.filters.dropFirst(first + 1).map { TuneDecoding(skippedLoopFilter: $0) }
  }
}
