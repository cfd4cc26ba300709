package import EdgepipeCore

/// Where an inference is done.
package enum InferencePlace: String, Sendable, CaseIterable {
  case edge
  case cloud
}

/// What is known of the frame whose inference comes next.
package struct InferenceTerms: Sendable {
  /// When its results must be there.
  package var deadline: MonotonicTime?
  /// Nothing of it may leave this machine.
  package var mustStay: Bool

  package init(deadline: MonotonicTime?, mustStay: Bool = false) {
    (self.deadline, self.mustStay) = (deadline, mustStay)
  }
}

/// A session that chooses for each input where the model runs.
package protocol PlacedSession: InferenceSession {
  /// Called before each ``InferenceSession/run(_:_:)``.
  func expect(_ terms: InferenceTerms)
  /// Where the last answer came from.
  var place: InferencePlace { get }
}

/// No place has answered in time: the frame goes on without results.
package struct NoAnswer: Error {
  package init() {}
}
