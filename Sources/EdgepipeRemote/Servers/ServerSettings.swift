import EdgepipeCore

/// One server as it is reached: where it is, and what makes the way to it safe.
struct ServerSettings: Hashable, Sendable {
  enum Way: String, Sendable {
    case http
    case grpc
  }
  /// How tensors go out.
  enum Encoding: String, Sendable {
    /// Binary where the server has the extension, else JSON, with a warning.
    case auto
    case binary
    case json
    /// The picture in the tensor as a JPEG, for servers that take one as BYTES of shape [1].
    case jpeg
  }

  var way: Way
  var host: String
  var port: Int
  /// Before `v2` in the address; empty, or it begins with a slash.
  var path = ""
  var isTLS: Bool
  /// PEM files.
  var ca: String?
  var certificate: String?
  var key: String?
  /// The name in the server's certificate, where it is not the host.
  var serverName: String?
  /// Sent as `Authorization: Bearer`.
  var token: String?
  var model: String
  var version: String?
  var encoding = Encoding.auto
  /// Bodies are compressed with gzip both ways.
  var isCompressed = false
  var jpegQuality = 85
  /// The tensor's colours are blue, green, red: so that the JPEG shows the right ones.
  var isBGR = false
  /// The longest answer that is read.
  var maxAnswerBytes = 64 << 20
}
