import EdgepipeCore

/// Where the spool of one sink of one pipeline is: the next run of both finds it there.
package struct SpoolPlace: Sendable, Hashable {
  package let folder: String
  package let database: String
  /// Held by the run that uses it.
  package let lock: String

  /// - Parameter folder: instead of the usual one.
  package init(pipeline: String, sink: String, folder: String? = nil, state: String = StateFolder.usual()) {
    self.folder = folder ?? "\(state)/spool/\(FileName.text(of: pipeline))"
    database = "\(self.folder)/\(FileName.text(of: sink)).sqlite"
    lock = "\(self.folder)/\(FileName.text(of: sink)).lock"
  }
}
