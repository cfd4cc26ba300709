import EdgepipeCore

/// Where a live output goes, by its form: an address to push to, or a folder.
enum StreamDestination: Sendable, Hashable {
  /// RTSP's RECORD to a server, encrypted for `rtsps`.
  case rtsp(isEncrypted: Bool)
  /// MPEG-TS over UDP.
  case udp
  /// HLS in a folder.
  case folder

  /// - Throws: ``PipelineError`` `invalidConfiguration` for an address that nobody can connect to or of another kind; its
  ///   secrets are masked.
  init(_ place: String) throws(PipelineError) {
    switch MediaInput.scheme(of: place) {
    case nil: self = .folder
    case "rtsp": self = .rtsp(isEncrypted: false)
    case "rtsps": self = .rtsp(isEncrypted: true)
    case "udp": self = .udp
    case let scheme?:
      throw PipelineError(
        "cannot stream to '\(URLRedaction.redact(place))': '\(scheme)' is not supported",
        remedy: "use rtsp://host/path, rtsps://host/path, udp://host:port, or a folder for HLS",
        code: .invalidConfiguration)
    }
    try check(place)
  }

  var isAddress: Bool { self != .folder }

  private func check(_ place: String) throws(PipelineError) {
    guard isAddress else { return try OutputPath.checkFolder(place) }
    try AddressCheck.check(place)
    guard case .udp = self else { return }
    let authority = place.dropFirst("udp://".count).prefix { !"/?#".contains($0) }
    let port = authority.split(separator: ":", omittingEmptySubsequences: false).last
    let hasHost = authority.first.map { $0 != ":" } ?? false
    if !hasHost || !authority.contains(":") || authority.hasSuffix("]") || port.flatMap({ UInt16($0) }) == nil {
      throw PipelineError(
        "'\(URLRedaction.redact(place))' names no host and port", remedy: "write udp://host:port",
        code: .invalidConfiguration)
    }
  }
}
