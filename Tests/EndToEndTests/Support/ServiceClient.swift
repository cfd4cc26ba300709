import Foundation
import PipelineTestSupport
import Testing

/// A client of the HTTP interface of a service.
struct ServiceClient {
  struct Answer {
    let status: Int
    let head: String
    let bytes: [UInt8]

    var body: String { String(decoding: bytes, as: UTF8.self) }

    /// Of JSON.
    var object: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:] }
  }

  let port: Int

  /// - Parameters:
  ///   - json: the body.
  ///   - isEndless: the answer has no length, and is read to its end.
  func ask(
    _ method: String, _ path: String, json: String? = nil, headers: [String] = [], isEndless: Bool = false
  ) throws -> Answer {
    let client = try RawHTTP(port: port)
    var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)"] + headers
    if isEndless { lines.append("Connection: close") }
    if let json { lines += ["Content-Type: application/json", "Content-Length: \(json.utf8.count)"] }
    client.send((lines + ["", json ?? ""]).joined(separator: "\r\n"))
    let bytes = isEndless ? try client.readAllBytes() : Array(try client.readResponse().utf8)
    let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)), "\(method) \(path): \(bytes.count) bytes")
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return Answer(status: try #require(status), head: head, bytes: Array(bytes[end.upperBound...]))
  }

  func get(_ path: String) throws -> Answer { try ask("GET", path) }

  /// The state of a pipeline, such as `running`; nil where there is none of that name.
  func state(_ name: String) throws -> String? { try get("/v1/pipelines/\(name)").object["state"] as? String }
}
