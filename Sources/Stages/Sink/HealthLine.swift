package import Pipeline

extension JSONLineBuffer {
  /// One `health` line with its newline: what a stream does now, and since when.
  package mutating func healthLine(_ change: HealthChange, id: String? = nil) {
    let health = change.health
    head("health", id: id)
    raw("\"stream\":")
    string(health.stream)
    raw(",\"state\":")
    string(health.state.rawValue)
    raw(",\"since\":")
    timestamp(health.sinceWall)
    raw(",\"attempt\":")
    integer(health.attempt)
    if let previous = change.previous {
      raw(",\"previous\":")
      string(previous.rawValue)
    }
    if let fault = change.fault {
      raw(",\"fault\":")
      string(fault.rawValue)
    }
    if let seconds = change.faultSeconds {
      raw(",\"fault_s\":")
      decimal(seconds, places: 3)
    }
    raw(",\"error\":")
    if let error = health.lastError { string(error) } else { raw("null") }
    raw("}\n")
  }
}
