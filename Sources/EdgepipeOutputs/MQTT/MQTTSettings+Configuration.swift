import EdgepipeCore
import Foundation
import Logging
import Pipeline

extension MQTTSettings {
  /// - Throws: ``PipelineError`` `invalidConfiguration` for what does not go together.
  init(_ configuration: MQTTSink.Configuration, _ context: StageContext) throws(PipelineError) {
    let address = try Self.address(configuration.url)
    let base = try TopicTemplate(configuration.base, .mqtt, option: "base", fields: [.pipeline])
    var facts = ItemFacts()
    facts.pipeline = context.pipeline
    self.init(
      host: address.host, port: address.port, tls: address.isTLS ? TLS() : nil,
      version: Version(rawValue: configuration.version) ?? .v5,
      clientID: configuration.clientID ?? Self.clientID(pipeline: context.pipeline, sink: context.id),
      username: configuration.username, password: configuration.password, qos: Int32(clamping: configuration.qos),
      base: base.topic(facts), announces: configuration.homeAssistant, takesCommands: configuration.commands,
      patienceS: configuration.sending.timeoutS)
    func refuse(_ what: String, _ remedy: String) -> PipelineError {
      PipelineError(what, remedy: remedy, code: .invalidConfiguration)
    }
    if self.base.hasSuffix("/") { throw refuse("'base' ends with a slash", "leave it out") }
    if let id = configuration.clientID, id.isEmpty || id.utf8.count > 1024 {
      throw refuse("'clientId' needs 1 to 1024 bytes", "leave it out for one of this machine's own")
    }
    if password != nil, configuration.passwordFile != nil {
      throw refuse("'password' and 'passwordFile' are two passwords", "leave one out")
    }
    if username == nil, password != nil || configuration.passwordFile != nil {
      throw refuse("a password needs a 'username'", "add it")
    }
    let certificates = [configuration.ca, configuration.certificate, configuration.key].compactMap { $0 }
    if tls == nil, !certificates.isEmpty {
      throw refuse("'\(self.address)' is not protected, and has certificates", "write mqtts://")
    }
    if (configuration.certificate == nil) != (configuration.key == nil) {
      throw refuse("a client's certificate needs its key, and a key its certificate", "give both, or neither")
    }
    tls?.ca = configuration.ca
    tls?.certificate = configuration.certificate
    tls?.key = configuration.key
  }

  private static func address(_ text: String) throws(PipelineError) -> (host: String, port: Int, isTLS: Bool) {
    func refuse(_ what: String, _ remedy: String) -> PipelineError {
      PipelineError(what, remedy: remedy, code: .invalidConfiguration)
    }
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      ["mqtt", "mqtts"].contains(scheme), let host = parts.host, !host.isEmpty
    else {
      throw refuse(
        "'\(URLRedaction.redact(text))' is no address of a broker", "write url as mqtts://HOST or mqtt://HOST")
    }
    if parts.user != nil || parts.password != nil {
      throw refuse("'url' holds a user or a password", "give them as 'username' and 'password'")
    }
    guard ["", "/"].contains(parts.path), parts.query == nil else {
      throw refuse(
        "'\(URLRedaction.redact(text))' has more than a host and a port", "give topics as 'topic' and 'base'")
    }
    let port = parts.port ?? (scheme == "mqtts" ? 8883 : 1883)
    guard (1...65_535).contains(port) else { throw refuse("\(port) is no port", "use 1 to 65535") }
    return (host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port, scheme == "mqtts")
  }

  /// The same in each run, so that a broker that still holds the connection of a run that was killed lets it go. 23 letters and
  /// digits at most, which every broker takes.
  private static func clientID(pipeline: String, sink: String) -> String {
    let machine = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ProcessInfo.processInfo.hostName
    let hash = MessageDigest.hexadecimal(of: Data("\(machine)/\(pipeline)/\(sink)".utf8), .sha1)
    return "edgepipe" + hash.prefix(14)
  }

  static func password(from path: String) throws(PipelineError) -> String {
    guard let data = FileManager.default.contents(atPath: path), data.count < 65_536 else {
      throw PipelineError(
        "cannot read 'passwordFile' '\(path)'", remedy: "check its path and its rights", code: .notFound)
    }
    guard let first = TextFile.lines(TextFile.utf8(Array(data))).first, !first.isEmpty else {
      throw PipelineError(
        "'passwordFile' '\(path)' has no password on its first line", remedy: "write it there",
        code: .invalidConfiguration)
    }
    return String(decoding: first, as: UTF8.self)
  }

  /// - Throws: ``PipelineError`` `notFound` for a file that cannot be read.
  func checkFiles() throws(PipelineError) {
    for (name, path) in [("ca", tls?.ca), ("certificate", tls?.certificate), ("key", tls?.key)] {
      guard let path, !FileManager.default.isReadableFile(atPath: path) else { continue }
      throw PipelineError("cannot read '\(name)' '\(path)'", remedy: "check its path and its rights", code: .notFound)
    }
  }

  func warnOfPlainText(_ logger: Logger) {
    let isHere = host == "localhost" || host == "::1" || host.hasPrefix("127.")
    if tls == nil, password != nil, !isHere {
      logger.warning("the password goes to \(address) without protection; mqtts:// protects it")
    }
  }
}
