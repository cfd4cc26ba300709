package import NIOCore

/// What a client may take.
package struct ConnectionLimits: Sendable {
  /// From the connection to the whole head of the first request.
  package var head = TimeAmount.seconds(5)
  /// From there until the end of the request.
  package var body = TimeAmount.seconds(10)
  /// From there until the whole response, or the next part of it, has been taken.
  package var answer = TimeAmount.seconds(10)
  /// Until the next request; longer than the usual time between two scrapes, so that their connection is kept.
  package var idle = TimeAmount.seconds(75)
  /// From a refusal to the end, so that it can be read.
  package var farewell = TimeAmount.seconds(1)
  /// Of a request's body.
  package var bodyBytes = 0
  /// Of an answer, kept by the system beside what is on its way; nil: as much as the system likes. What waits there is late:
  /// who takes live pictures slowly shall get fewer, and not old ones.
  package var unsentBytes: Int?

  package init() {}
}
