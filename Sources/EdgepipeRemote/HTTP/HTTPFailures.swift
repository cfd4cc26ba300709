import AsyncHTTPClient
import EdgepipeCore
import Foundation
import NIOCore
import NIOHTTP1

extension RemoteFailure {
  /// How much of an error's text is told.
  private static let shownCharacters = 200

  /// What an answer other than 2xx means.
  init(_ answer: HTTPAnswer, now: Date) {
    let status = answer.head.status
    let said = "it answers \(status.code)\(Self.text(answer.body))"
    switch status.code {
    case 300..<400:
      let place = answer.head.headers.first(name: "location").map { " to \(Quoted.text($0))" } ?? ""
      self.init(.malformed, "it answers \(status.code), a redirect\(place), which is not followed")
    case 429, 503:
      let wait = answer.head.headers.first(name: "retry-after").flatMap { RetryAfter.seconds($0, now: now) }
      self.init(.busy, said, retryAfterS: wait)
    case 400..<500: self.init(.refused, said)
    case 500..<600: self.init(.failed, said)
    default: self.init(.malformed, said)
    }
  }

  /// Why there was no answer.
  init(_ error: any Error, _ collector: AnswerCollector) {
    let mayHaveRun = collector.hasBegun
    switch error {
    case let error as RemoteFailure: self = error
    case let error as HTTPClientError:
      switch error {
      case .cancelled, .alreadyShutdown: self.init(.cancelled, "the call was ended", mayHaveRun: mayHaveRun)
      case .deadlineExceeded, .readTimeout, .writeTimeout:
        self.init(.late, "no answer came in time", mayHaveRun: mayHaveRun)
      case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
        self.init(.unreachable, "no connection came about in time", mayHaveRun: false)
      case .remoteConnectionClosed where collector.hasAnswer:
        self.init(.malformed, "the answer ends before its end", mayHaveRun: true)
      default: self.init(.unreachable, error.shortDescription, mayHaveRun: mayHaveRun)
      }
    case let error as HTTPParserError: self.init(.malformed, "the answer is no HTTP: \(error)", mayHaveRun: true)
    default:
      if let reason = SafetyFault.reason(error) {
        self.init(.unsafe, "the connection is not safe: \(Self.cut(reason))", mayHaveRun: false)
      } else if collector.hasAnswer {
        self.init(.malformed, "the answer cannot be read: \(Self.cut("\(error)"))", mayHaveRun: true)
      } else {
        self.init(.unreachable, "no connection: \(Self.cut("\(error)"))", mayHaveRun: mayHaveRun)
      }
    }
  }

  /// At most 200 characters of text from outside, in quotes of 60 characters each at most on one line.
  static func cut(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(shownCharacters)
    var result = "", rest = Substring(shown)
    while !rest.isEmpty {
      let piece = String(String.UnicodeScalarView(rest.unicodeScalars.prefix(shownPiece)))
      result += Quoted.plain(piece)
      rest = Substring(rest.unicodeScalars.dropFirst(shownPiece))
    }
    return result + (text.unicodeScalars.count > shownCharacters ? "..." : "")
  }

  private static let shownPiece = 60

  private static func text(_ body: ByteBuffer) -> String {
    let bytes = body.readableBytesView.prefix(AnswerCollector.errorBytes)
    return bytes.isEmpty ? "" : ": '\(cut(message(Array(bytes))))'"
  }

  /// What an error of the protocol says: `{"error": "..."}`; any other text as it is.
  private static func message(_ bytes: [UInt8]) -> String {
    var cursor = JSONCursor(bytes), message: String?
    try? cursor.object { (cursor: inout JSONCursor, key) throws(RemoteFailure) in
      if key == "error" { message = try cursor.string() } else { try cursor.skip() }
    }
    return message ?? String(decoding: bytes, as: UTF8.self)
  }
}
