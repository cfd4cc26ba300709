package import Pipeline

/// Where the model of a detecting stage runs.
package enum PlacementMode: String, Sendable, Codable, CaseIterable {
  /// Here. Nothing leaves the machine.
  case edge
  /// On a server. Frames that it does not answer in time go on without results.
  case cloud
  /// Here; on a server what would be late here, or fails.
  case edgeFirst = "edge-first"
  /// On a server; here what it does not answer in time.
  case cloudFirst = "cloud-first"
  /// Each frame where it will be done first.
  case route

  package var usesEdge: Bool { self != .cloud }
  package var usesCloud: Bool { self != .edge }
}

/// The servers of a stage's model, and how they are used.
package struct RemoteSettings: ConfigurationObject, Hashable {
  package var servers: [String] = []
  package var model: String?
  package var version: String?
  package var ca: String?
  package var certificate: String?
  package var key: String?
  package var serverName: String?
  package var token: String?
  package var encoding = "auto"
  package var compressed = false
  package var jpegQuality = 85
  package var timeoutMs = 1000.0
  package var inFlight = 16
  package var sessions = 1
  /// 0: no limit.
  package var bytesPerHour = 0
  package var keepHere: [String] = []
  package var keepHereZones: [KeptZone] = []
  /// 0: never.
  package var reuse = 0.0
  package var reuseS = 10.0
  package var radioW: Double?

  package init() {}

  package static let options: [ConfigurationOption<Self>] = [
    .init(
      "servers", \.servers, .list(.string, count: 1...32), required: true,
      "Servers of the open inference protocol: http://, https://, grpc:// or grpcs://, HOST:PORT. Of several, the less loaded of two at random gets a frame."
    ),
    .init("model", \.model, .string, "The model's name there; default: its name here."),
    .init("version", \.version, .string, "Its version there; default: what the server chooses."),
    .init("ca", \.ca, .string, "A PEM file of authorities to trust; default: the system's."),
    .init("certificate", \.certificate, .string, "A PEM file with the client's certificate chain; needs `key`."),
    .init("key", \.key, .string, "A PEM file with its private key."),
    .init("serverName", \.serverName, .string, "The name in the server's certificate, where it is not the host."),
    .init("token", \.token, .string, "Sent as `Authorization: Bearer`; from the environment: `${TOKEN}`."),
    .init(
      "encoding", \.encoding, .word(["auto", "binary", "json", "jpeg"]),
      "How pictures go out: binary where the server can, else JSON; or as a JPEG, for models that take one."),
    .init("compressed", \.compressed, .bool, "Compress bodies with gzip, both ways."),
    .init("jpegQuality", \.jpegQuality, .integer(1...100), "Of `encoding` jpeg."),
    .init(
      "timeoutMs", \.timeoutMs, .number(1...60_000),
      "The longest that an answer is waited for; less where the frame's deadline comes first."),
    .init(
      "inFlight", \.inFlight, .integer(1...256),
      "The most requests on their way at once; what is used adapts to the servers. No more than `workers` wait for answers."
    ),
    .init(
      "sessions", \.sessions, .integer(1...64), "Sessions of the model here, however many workers wait for servers."),
    .init(
      "bytesPerHour", \.bytesPerHour, .integer(0...1_000_000_000_000_000),
      "The most that is sent and received in an hour; then everything is done here. 0: no limit."),
    .init(
      "keepHere", \.keepHere, .list(.string, count: 0...1000),
      "Frames on which earlier stages found one of these classes are not sent."),
    .init(
      "keepHereZones", \.keepHereZones, .list(.object(KeptZone.schema), count: 0...64),
      "Frames on which earlier stages found something in one of these zones are not sent: `name`, `points`, `labels`."),
    .init(
      "reuse", \.reuse, .number(0...255),
      "With `cloud-first`: results of the server are used again while no part of the picture changes by more than this, of 255. 0: never."
    ),
    .init("reuseS", \.reuseS, .number(0.1...3600), "The longest that results are used again."),
    .init(
      "radioW", \.radioW, .number(0...1000),
      "Watts that the radio takes more while it sends or receives; gives the energy of this in the report."),
  ]
}
