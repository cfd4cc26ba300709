import EdgepipeCore
package import Foundation

/// The one place that models are fetched from when a person names it: a folder, such as a stick, or an HTTPS address.
package enum ModelOrigin: Sendable, Equatable {
  case folder(URL)
  /// Without a slash at its end.
  case address(String)

  /// - Throws: a ``PipelineError``: `invalidArgument` for an address that is not HTTPS, `notFound` for a folder that is
  ///   not there.
  package init(_ text: String) throws {
    guard text.contains("://") else {
      guard case .folder = FilePlace(text) else {
        throw PipelineError(
          "\(Quoted.text(text)) is not a folder",
          remedy: "give the folder that holds the models, with the stick mounted, or an https:// address",
          code: .notFound)
      }
      self = .folder(URL(fileURLWithPath: text, isDirectory: true))
      return
    }
    guard text.lowercased().hasPrefix("https://"), !text.contains(where: { $0 == "?" || $0 == "#" }) else {
      throw PipelineError(
        "models are not fetched from '\(URLRedaction.redact(text))'",
        remedy: "give a folder, or an https:// address without '?' and '#' that file names can follow",
        code: .invalidArgument)
    }
    self = .address(String(text[...(text.lastIndex { $0 != "/" } ?? text.startIndex)]))
  }

  /// For messages.
  var name: String {
    switch self {
    case .folder(let url): "folder '\(url.path)'"
    case .address(let text): "address '\(URLRedaction.redact(text))'"
    }
  }
}
