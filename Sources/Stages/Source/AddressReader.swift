import EdgepipeCore
import Pipeline

/// Reads an address that may be live or finite, as HTTP's: what is there shows when it is open.
///
/// Until then the address is taken for what it looks like, since there is nothing else to go by: what looks live is tried
/// again while nobody answers, what looks like a file ends its stream. It is opened once; a reader that finds that it is of the
/// other kind hands it over.
struct AddressReader {
  let job: SourceJob
  let url: String
  let scheme: String

  /// - Throws: ``PipelineError`` with `endStream`.
  func run() throws(PipelineError) {
    guard MediaInput.mayBeEither(scheme: scheme), !job.isLiveStated else {
      if job.stream.isLive { return try LiveReader(job, url: url).run() }
      try StreamReader(job, try finite()).run()
      return
    }
    let opening = AddressOpening(job)
    if job.stream.isLive {
      try LiveReader(job, url: url, opening: opening).run()
      guard let opened = opening.take() else { return }
      try StreamReader(job, try finite()).run(opened)
    } else {
      let input = try finite()
      guard let opened = try input.open(job) else { return }
      if opening.keeps(opened) || opened.demuxer.isFinite == nil {
        try StreamReader(job, input).run(opened)
      } else {
        opening.give(opened)
        try LiveReader(job, url: url, opening: opening).run()
      }
    }
  }

  private func finite() throws(PipelineError) -> FiniteInput {
    let options = try NetworkOptions(job.configuration, scheme: scheme).values
    return FiniteInput(url: url, options: options, source: URLRedaction.redact(url))
  }
}

/// The first opening of an address, which shows whether it is live. Used by one thread.
final class AddressOpening {
  private let job: SourceJob
  private var opened: OpenedInput?
  private var isDecided = false

  init(_ job: SourceJob) { self.job = job }

  /// The input that another reader has opened; once.
  func take() -> OpenedInput? {
    defer { opened = nil }
    return opened
  }

  func give(_ input: OpenedInput) { opened = input }

  /// Settles what the stream is, at the first call. Keeps the input for another reader and returns true where it has an
  /// end. A single picture leaves the stream what its address looks like.
  func keeps(_ input: OpenedInput) -> Bool {
    guard !isDecided else { return false }
    isDecided = true
    guard let isFinite = input.demuxer.isFinite else { return false }
    job.settle(isLive: !isFinite)
    if isFinite { opened = input }
    return isFinite
  }
}
