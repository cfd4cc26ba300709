import EdgepipeCore

/// What is done while the machine is too hot, or its supply too weak: first detectors look at fewer frames, then pipelines are
/// stopped, the least important first; and back again in the other order.
struct HeatRule: Sendable {
  enum Action: Sendable, Hashable {
    /// The share of live streams' frames at which detectors may look.
    case share(Double)
    /// The running pipeline of the lowest priority is stopped.
    case stopOne
    /// The one that was stopped last is started.
    case startOne
    case powerOff
  }

  static let shares = [1, 0.5, 0.25, 0.1]
  /// Between two steps down: heat follows work by some seconds.
  var stepS = 10.0
  /// After the lowest share, and between two pipelines.
  var stopS = 30.0
  /// For so long all must be well before a step back.
  var wellS = 60.0
  /// Below the limit, so that one step back does not lead to the next step down.
  static let hysteresis = 5.0
  /// So far below the temperature at which the system cuts the power.
  static let powerOffMargin = 3.0

  /// Steps of the share.
  private(set) var level = 0
  private(set) var stopped = 0
  /// `overheated`, `undervoltage` or `throttled`; nil while all is well.
  private(set) var fault: String?
  private var last = MonotonicTime(nanoseconds: 0)
  private var wellSince: MonotonicTime?
  private var isPoweringOff = false

  /// What is wrong with the machine, if anything.
  static func fault(_ health: MachineHealth) -> String? {
    if let sensor = health.hottest, sensor.celsius >= sensor.limit { return "overheated" }
    return health.isUnderVoltage ? "undervoltage" : health.isThrottled ? "throttled" : nil
  }

  /// - Parameters:
  ///   - canStop: whether a pipeline runs that may be stopped.
  /// - Returns: what is to be done now.
  mutating func look(_ health: MachineHealth, canStop: Bool, at now: MonotonicTime) -> Action? {
    let found = Self.fault(health)
    if let sensor = health.hottest, let critical = sensor.critical, sensor.celsius >= critical - Self.powerOffMargin,
      !isPoweringOff
    {
      isPoweringOff = true
      if fault == nil { fault = found }
      return .powerOff
    }
    if let found {
      wellSince = nil
      if fault == nil {
        fault = found
        return stepDown(at: now)
      }
      let pause = level + 1 < Self.shares.count ? stepS : stopS
      guard now >= last.advanced(byMilliseconds: pause * 1000) else { return nil }
      if level + 1 < Self.shares.count { return stepDown(at: now) }
      guard canStop else { return nil }
      (last, stopped) = (now, stopped + 1)
      return .stopOne
    }
    guard fault != nil else { return nil }
    if let sensor = health.hottest, sensor.celsius > sensor.limit - Self.hysteresis {
      wellSince = nil
      return nil
    }
    let since = wellSince ?? now
    wellSince = since
    guard now >= since.advanced(byMilliseconds: wellS * 1000) else { return nil }
    wellSince = now
    if stopped > 0 {
      stopped -= 1
      return .startOne
    }
    if level > 0 { level -= 1 }
    if level == 0 { (fault, isPoweringOff) = (nil, false) }
    return .share(Self.shares[level])
  }

  private mutating func stepDown(at now: MonotonicTime) -> Action {
    level += 1
    last = now
    return .share(Self.shares[level])
  }
}
