import EdgepipeCore

/// What a spool has done in this run, and what waits in it.
struct SpoolCounts: Sendable, Hashable {
  /// Results of earlier runs that this one found.
  var found = 0
  var committed = 0
  /// Transactions, each with one wait for the disk.
  var commits = 0
  var acknowledged = 0
  /// Attempts that the receiver could not be reached in, or that it refused.
  var failedAttempts = 0
  /// Given up since the spool was full.
  var dropped = 0
  /// Given up since they were too old.
  var expired = 0
  /// Refused for ever, and put aside.
  var refused = 0
  /// Put aside since they are no longer what was written.
  var damaged = 0
  /// Lost since the disk could not take them.
  var unwritten = 0
  var waiting = 0
  var waitingBytes = 0
  /// The disk cannot take anything now, and why.
  var diskTrouble: String?

  var facts: [String: ReportValue] {
    [
      "found": .int(found), "committed": .int(committed), "commits": .int(commits), "acknowledged": .int(acknowledged),
      "failed_attempts": .int(failedAttempts), "dropped": .int(dropped), "expired": .int(expired),
      "refused": .int(refused), "damaged": .int(damaged), "unwritten": .int(unwritten), "waiting": .int(waiting),
      "waiting_bytes": .int(waitingBytes),
    ]
  }
}
