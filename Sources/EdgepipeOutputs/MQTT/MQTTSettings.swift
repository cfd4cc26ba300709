import EdgepipeCore

/// How a broker is reached, and as whom.
struct MQTTSettings: Sendable {
  enum Version: String, Sendable { case v311 = "3.1.1", v5 = "5" }

  struct TLS: Sendable {
    /// A PEM file; nil: what the system trusts.
    var ca: String?
    var certificate: String?
    var key: String?
  }

  var host: String
  var port: Int
  /// Nil: the connection is not encrypted.
  var tls: TLS?
  var version = Version.v5
  var clientID: String
  var username: String?
  var password: String?
  var qos: Int32 = 1
  /// What topics of this sink begin with; no slash at the end.
  var base: String
  /// Whether Home Assistant's announcements of itself are listened to.
  var announces = false
  var takesCommands = false

  /// The broker has so long to greet, and to acknowledge the next item.
  var patienceS = 10.0
  var keepaliveS: Int32 = 20

  var address: String { "\(tls == nil ? "mqtt" : "mqtts")://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
  var availabilityTopic: String { base + "/availability" }
  var commandTopics: String { base + "/set/#" }
  var resultTopic: String { base + "/result" }
}
