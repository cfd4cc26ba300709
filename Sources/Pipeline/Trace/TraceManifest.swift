package import EdgepipeCore
import Foundation

/// What a trace says of itself in its first record.
package struct TraceManifest: Sendable {
  /// The version of the edgepipe that recorded it.
  package let version: String
  /// The pipeline file after overrides and environment, without secrets.
  package let pipeline: String
  let created: WallTime

  package init(version: String, pipeline: String, created: WallTime = SystemClock().wallTime()) {
    self.version = version
    self.pipeline = pipeline
    self.created = created
  }

  var json: [UInt8] {
    let origin = JSONNode.Origin.override(0)
    let members: [(String, String)] = [
      ("edgepipe", version), ("created", created.iso8601), ("created_ns", "\(created.nanoseconds)"),
      ("pipeline", pipeline),
    ]
    let object = JSONNode(
      .object(
        members.map { JSONNode.Member(key: $0, keyOrigin: origin, value: JSONNode(.string($1), origin: origin)) }),
      origin: origin)
    return Array(object.text().utf8)
  }

  init(json: [UInt8]) throws(PipelineError) {
    guard let node = JSONParser.value(String(decoding: json, as: UTF8.self), origin: .override(0)),
      let version = node["edgepipe"]?.string, let pipeline = node["pipeline"]?.string,
      let created = node["created_ns"]?.string.flatMap({ Int64($0) })
    else { throw TraceDecoder.damaged("its first record is not a manifest") }
    self.init(version: version, pipeline: pipeline, created: WallTime(nanoseconds: created))
  }
}

extension PipelineConfig {
  /// The pipeline as it runs, as the JSON text of a pipeline file: overrides applied, `${NAME}` replaced, passwords
  /// masked.
  public func redactedDocument() -> String {
    func node(_ value: JSONNode.Value) -> JSONNode { JSONNode(value, origin: .override(0)) }
    func object(_ members: [(String, JSONNode?)]) -> JSONNode {
      node(
        .object(
          members.compactMap { key, value in
            value.map { JSONNode.Member(key: key, keyOrigin: .override(0), value: $0) }
          }))
    }
    let stages = stages.map { stage in
      object([
        ("id", node(.string(stage.id))), ("type", node(.string(stage.type))),
        ("after", stage.after.isEmpty ? nil : node(.array(stage.after.map { node(.string($0)) }))),
        ("workers", node(.integer(stage.workers))),
        (
          "queue",
          object([
            ("capacity", stage.queue.capacity.map { node(.integer($0)) }),
            ("overflow", stage.queue.overflow.map { node(.string($0.rawValue)) }),
          ])
        ),
        ("config", stage.config.redacted(key: nil)),
      ])
    }
    return object([
      ("version", node(.integer(version))), ("name", node(.string(name))),
      (
        "budget",
        object([
          ("deadlineMs", budget.deadlineMs.map { node(.number($0)) }),
          ("powerW", budget.powerW.map { node(.number($0)) }),
          ("enforce", budget.enforce ? node(.bool(true)) : nil),
        ])
      ),
      ("framesInFlight", framesInFlight.map { node(.integer($0)) }),
      ("plugins", plugins.isEmpty ? nil : node(.array(plugins.map { node(.string($0)) }))),
      ("stages", node(.array(stages))),
    ]).text(indented: true)
  }
}

extension JSONNode {
  /// Without secrets, and such that reading it as a pipeline file gives the same values again.
  fileprivate func redacted(key: String?) -> JSONNode {
    var copy = self
    switch value {
    case .string(let text):
      let isSecret = key.map { SecretNames.contains($0) } ?? false
      let shown =
        if isSecret {
          URLRedaction.mask
        } else if key == "headers", let colon = text.firstIndex(of: ":") {
          "\(text[..<colon]): \(URLRedaction.mask)"
        } else {
          URLRedaction.redact(text)
        }
      copy.value = .string(shown.replacing("${", with: "$${"))
    case .array(let elements): copy.value = .array(elements.map { $0.redacted(key: key) })
    case .object(let members):
      copy.value = .object(
        members.map { Member(key: $0.key, keyOrigin: $0.keyOrigin, value: $0.value.redacted(key: $0.key)) })
    default: break
    }
    copy.original = nil
    return copy
  }
}
