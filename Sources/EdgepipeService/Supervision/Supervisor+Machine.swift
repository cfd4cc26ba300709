import EdgepipeCore
import Logging

/// What the machine's state does to the pipelines.
extension Supervisor {
  /// Nil where nobody wants notices.
  static func notifier(_ settings: NoticeSettings, logger: Logger) throws(PipelineError) -> Notifier? {
    var ways: [any NoticeWay] = []
    if !settings.command.isEmpty { ways.append(NoticeCommand(words: settings.command)) }
    if let webhook = settings.webhook {
      #if WebServer
        ways.append(NoticeWebhook(webhook))
      #else
        throw PipelineError(
          "this build sends no notices to \(URLRedaction.redact(webhook))",
          remedy: "use notices.command, or a build with the trait WebServer", code: .unavailable)
      #endif
    }
    return ways.isEmpty ? nil : try Notifier(ways, logger: logger)
  }

  /// Looks at the machine from now on.
  func watchMachine(_ settings: MachineWatch.Settings) throws(PipelineError) {
    let hands = MachineWatch.Hands(
      share: { [weak self] share in
        self?.heatShare.withLock { $0 = share }
        self?.keepers.withLock { $0 }.forEach { $0.limit(share) }
      },
      stopOne: { [weak self] in self?.holdOne() }, startOne: { [weak self] in self?.releaseOne() },
      canStop: { [weak self] in self?.nextToHold != nil })
    let watch = MachineWatch(settings, hands: hands, faults: faults, logger: logger)
    try watch.start()
    machine.withLock { $0 = watch }
  }

  /// The running pipeline of the lowest priority; of several, the last in the plan.
  private var nextToHold: PipelineKeeper? {
    keepers.withLock { $0 }.reversed().filter { $0.status.phase == .running }
      .min { $0.entry.priority < $1.entry.priority }
  }

  private func holdOne() -> String? {
    guard let keeper = nextToHold else { return nil }
    keeper.hold()
    held.withLock { $0.append(keeper) }
    return keeper.entry.name
  }

  private func releaseOne() -> String? {
    while let keeper = held.withLock({ $0.popLast() }) {
      if keeper.release() { return keeper.entry.name }
    }
    return nil
  }
}
