package import EdgepipeCore

// How what happens in a run is written for clients of its control socket. Keys are those of the results file where it has
// the same thing.

extension OptionChange {
  package var value: ReportValue {
    .object([
      "version": .int(version), "stage": .string(stage),
      "options": .object(
        Dictionary(
          options.map { ($0.name, .object(["old": Self.value($0.old), "new": Self.value($0.new)])) },
          uniquingKeysWith: { first, _ in first })),
    ])
  }

  private static func value(_ json: String?) -> ReportValue {
    json.flatMap { JSONParser.value($0, origin: .none) }.map(ReportValue.init) ?? .null
  }
}

extension ReportValue {
  package init(_ node: JSONNode) {
    self =
      switch node.value {
      case .null, .invalid: .null
      case .bool(let value): .bool(value)
      case .integer(let value): .int(value)
      case .number(let value): .double(value)
      case .string(let value): .string(value)
      case .array(let elements): .list(elements.map(ReportValue.init))
      case .object(let members):
        .object(
          Dictionary(members.map { ($0.key, ReportValue($0.value)) }, uniquingKeysWith: { first, _ in first }))
      }
  }
}

extension HealthChange {
  var value: ReportValue {
    var members: [String: ReportValue] = [
      "event": .string("health"), "stream": .string(health.stream), "state": .string(health.state.rawValue),
      "since": .string(health.sinceWall.iso8601), "attempt": .int(health.attempt),
      "error": health.lastError.map { .string($0) } ?? .null,
    ]
    members["previous"] = previous.map { .string($0.rawValue) }
    members["fault"] = fault.map { .string($0.rawValue) }
    members["fault_s"] = faultSeconds.map { .rounded($0) }
    return .object(members)
  }
}

extension RunNotices.Numbered {
  var topic: ControlSession.Topic {
    switch notice {
    case .health: .health
    case .event, .options, .fault: .events
    case .file: .files
    }
  }

  /// As followers are told it.
  var value: ReportValue {
    let value: ReportValue =
      switch notice {
      case .health(let change): change.value
      case .event(let event, let header): event.value(of: header)
      case .options(let change): .object(["event": .string("options"), "change": change.value])
      case .file(let file): file.value
      case .fault(let change): .object(change.members)
      }
    guard let number, case .object(var members) = value else { return value }
    members["number"] = .int(number)
    return .object(members)
  }
}

extension FrameEvent {
  func value(of header: FrameHeader) -> ReportValue {
    var members: [String: ReportValue] = [
      "event": .string(FaultChange.Phase(rawValue: kind)?.rawValue ?? "event"), "kind": .string(kind),
      "stage": .string(stage), "stream": .string(header.stream.id),
      "frame": .int(header.sequence), "pts_s": .rounded(header.mediaTime.seconds),
      "captured_at": .string(header.capturedWall.iso8601),
    ]
    members["label"] = label.map { .string($0) }
    members["track"] = track.map { .int($0) }
    // A rule's own fields never hide the others.
    for field in fields where members[field.key] == nil { members[field.key] = field.value }
    return .object(members)
  }
}

extension ControlResponse.Stream {
  /// - Parameter isAnonymized: whether those who watch it get anonymized pictures only.
  func value(isAnonymized: Bool) -> ReportValue {
    var members: [String: ReportValue] = [
      "id": .string(id), "anonymized": .bool(isAnonymized), "source": .string(source), "live": .bool(live),
      "state": .string(state),
      "admitted": .int(admitted), "delivered": .int(delivered), "dropped": .int(dropped),
      "latency_p95_ms": .rounded(latencyP95Ms),
    ]
    members["seconds"] = seconds.map { .rounded($0) }
    members["attempt"] = attempt.map { .int($0) }
    members["last_error"] = lastError.map { .string($0) }
    return .object(members)
  }
}
