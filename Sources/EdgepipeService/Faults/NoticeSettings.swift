import EdgepipeCore
import Foundation

/// Who is told of faults: the key `notices` of a service file.
package struct NoticeSettings: Sendable, Hashable {
  /// A program and its arguments; the notice is its standard input.
  package var command: [String] = []
  /// Gets the notice by POST. May contain `${NAME}`.
  package var webhook: String?

  static let schema = ObjectSchema([
    .init(
      "command", .list(.string, count: 1...64),
      "A program and its arguments; it gets the notice, a JSON object, on its standard input."),
    .init("webhook", .string, "A URL that gets the notice, a JSON object, by POST. ${NAME} is expanded."),
  ])

  package init() {}

  /// - Parameter path: makes a path of the file one that can be opened.
  /// - Throws: `invalidConfiguration`.
  init(_ node: JSONNode, path: (String) -> String) throws(PipelineError) {
    command = node["command"]?.elements?.compactMap(\.string) ?? []
    if let program = command.first { command[0] = path(program) }
    guard let webhook = node["webhook"]?.string else { return }
    let url = try EnvironmentReferences.expand(
      webhook, environment: ProcessInfo.processInfo.environment, place: "webhook")
    guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme), parts.host?.isEmpty == false
    else {
      throw PipelineError("'webhook' is not an http or https address", code: .invalidConfiguration)
    }
    self.webhook = url
  }

  var isEmpty: Bool { command.isEmpty && webhook == nil }
}
