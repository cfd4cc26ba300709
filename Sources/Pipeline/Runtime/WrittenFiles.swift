import Synchronization

/// The files that the stages of a run have finished: the last ones are kept, for those who come later.
final class WrittenFiles: FileReports {
  /// Of more, the oldest are forgotten.
  static let limit = 1000

  private struct State {
    var files: [WrittenFile] = []
    var last = 0
    /// The stages to which only anonymized pictures come.
    var anonymized: Set<String> = []
  }

  private let notices: RunNotices
  private let state = Mutex(State())

  init(_ notices: RunNotices) { self.notices = notices }

  /// Only anonymized pictures come to these stages.
  func note(anonymized stages: Set<String>) { state.withLock { $0.anonymized = stages } }

  func note(_ file: WrittenFile) {
    let numbered = state.withLock { state in
      var file = file
      state.last += 1
      file.number = state.last
      file.isAnonymized = state.anonymized.contains(file.stage)
      // In one move for many: each shifts the whole list.
      if state.files.count >= 2 * Self.limit { state.files.removeFirst(Self.limit) }
      state.files.append(file)
      return file
    }
    notices.publish(.file(numbered))
  }

  /// Those behind `number` that are still known, the oldest first.
  func files(after number: Int) -> [WrittenFile] {
    state.withLock { $0.files.suffix(Self.limit).filter { $0.number > number } }
  }
}
