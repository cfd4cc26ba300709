import EdgepipeCore

/// An input that is open, and who watches over its reading.
struct OpenedInput {
  let demuxer: Demuxer
  let guardian: ReadGuard
}

/// What must be opened for an input that has an end.
struct FiniteInput {
  enum Place {
    case url(String)
    case file(BytePath)
    /// Standard input where there is no path.
    case pipe(BytePath?)
  }

  var place: Place
  /// FFmpeg's name of a device format, or nil to find it.
  var format: String?
  var options: [String: String]
  /// What outputs and errors call the input, without secrets.
  var source: String
  /// Its bytes come over a network or from a device: without them for `timeoutS` it is lost.
  var isRemote = false

  init(url: String, format: String? = nil, options: [String: String], source: String) {
    (place, self.format, self.options, self.source, isRemote) = (.url(url), format, options, source, true)
  }

  /// Only files: a playlist must not make this machine call others.
  private static let localOptions = ["protocol_whitelist": "file,crypto,data", "pattern_type": "none"]

  init(file: BytePath) { (place, options, source) = (.file(file), Self.localOptions, file.text) }

  init(pipe: BytePath?) { (place, options, source) = (.pipe(pipe), Self.localOptions, pipe?.text ?? "-") }

  /// - Returns: nil when the run is ending.
  /// - Throws: ``PipelineError`` with `endStream` that says what is wrong with the input.
  func open(_ job: SourceJob) throws(PipelineError) -> OpenedInput? {
    let guardian = ReadGuard(output: job.output, clock: job.clock)
    var pipe: PipeInput?
    let address: MediaAddress
    switch place {
    case .url(let url): address = .url(url)
    case .file(let path): address = .file(path)
    case .pipe(let path):
      let input = try PipeInput(path, guardian: guardian)
      (pipe, address) = (input, .pipe(input))
    }
    // What this thread lost before belongs to another input.
    _ = MediaLosses.take()
    // The writer of a pipe comes when it comes.
    guardian.allow(seconds: pipe == nil ? job.configuration.timeoutS : nil)
    do throws(OpenError) {
      let demuxer = try Demuxer(
        address: address, format: format, options: options, name: source, isRemote: isRemote,
        keepsAudio: job.tap?.wantsAudio ?? false, guardian: guardian)
      return OpenedInput(demuxer: demuxer, guardian: guardian)
    } catch {
      if guardian.isStopping { return nil }
      throw diagnosed(error, pipe)
    }
  }

  /// The error with what the input's bytes look like in place of FFmpeg's word for all of them.
  private func diagnosed(_ error: OpenError, _ pipe: PipeInput?) -> PipelineError {
    let diagnosis: InputDiagnosis?
    switch place {
    case .url: diagnosis = nil
    case .file(let path): diagnosis = InputDiagnosis(path)
    case .pipe:
      if let pipe, pipe.head.isEmpty {
        return PipelineError(
          "'\(source)' is empty: the program that writes to the pipe sent nothing",
          remedy: "check the program that writes to it",
          consequence: .endStream, code: .malformed)
      }
      diagnosis = pipe.flatMap { InputDiagnosis(pipe: $0.head) }
    }
    guard let diagnosis else { return knownFault(error.reason, losses: MediaLosses.take()) ?? error.error }
    return PipelineError(
      "cannot open '\(source)': it \(diagnosis.finding)", remedy: diagnosis.remedy, consequence: .endStream,
      code: .malformed)
  }

  /// What is known of a file that gives no picture, where its first bytes tell or its size is the reason.
  func knownFault(_ reason: String, losses: MediaLosses) -> PipelineError? {
    guard case .file(let path) = place else { return nil }
    return StillFault.knownError(path, reason, losses: losses)
  }
}
