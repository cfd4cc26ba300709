package import EdgepipeCore
import Foundation
package import Pipeline
import Stages
import Synchronization

/// Publishes results to a broker of MQTT, keeps retained topics of what is true now, announces them to Home Assistant, and
/// takes orders.
///
/// Input: frames with results; pixels only with `picture: "frame"`. Output: one message a result, with the topic that
/// `topic` makes of it; with `state`, retained topics below `base` with occupancies, counts and connections. Results wait in
/// a spool on the disk until the broker has acknowledged them; states do not, since only the latest counts: see
/// docs/sinks.md. libmosquitto 2 (Debian: `libmosquitto1`) is opened when the run begins.
/// Drops: nothing but what the spool gives up, which is counted.
/// Trade-off: `qos` 1 may publish a result twice, with the same `id`; 2 costs one more round trip; 0 loses what is on its
/// way when the connection ends.
///
/// ```json
/// { "id": "broker", "type": "sink.mqtt", "after": ["zones"], "config": { "url": "mqtts://broker.local",
///   "topic": "site/{stream}/{kind}", "username": "edgepipe", "password": "${MQTT_PASSWORD}", "homeAssistant": true } }
/// ```
package final class MQTTSink: HealthObserver {
  package struct Configuration: StageConfiguration {
    static let versionWords = ["5", "3.1.1"]

    package var url = ""
    package var topic = "edgepipe/{pipeline}/events/{stream}/{kind}"
    package var base = "edgepipe/{pipeline}"
    package var version = "5"
    package var qos = 1
    package var clientID: String?
    package var username: String?
    package var password: String?
    package var passwordFile: String?
    package var ca: String?
    package var certificate: String?
    package var key: String?
    package var state = false
    package var homeAssistant = false
    package var commands = false
    var selection = ResultSelection(what: [.events])
    var sending = SendingSettings()

    package static let options: [ConfigurationOption<Self>] =
      [
        .init(
          "url", \.url, .string, required: true,
          "The broker: mqtts://HOST[:8883] with TLS, or mqtt://HOST[:1883] without protection."),
        .init(
          "topic", \.topic, .string,
          "The topic of a result; {stream}, {kind}, {label}, {zone}, {stage} and {pipeline} are replaced."),
        .init(
          "base", \.base, .string, "What topics of states, availability and orders begin with; {pipeline} is replaced."),
        .init("version", \.version, .word(versionWords), "The version of the protocol."),
        .init("qos", \.qos, .integer(0...2), "Quality of service of results: 0 at most once, 1 at least, 2 exactly."),
        .init(
          "clientId", \.clientID, .string,
          "The client's id; by default made from this machine, the pipeline and the sink."),
        .init("username", \.username, .string, "The user."),
        .init("password", \.password, .string, "The password, from the environment: ${MQTT_PASSWORD}."),
        .init("passwordFile", \.passwordFile, .string, "A file whose first line is the password."),
        .init("ca", \.ca, .string, "A PEM file of the authorities that are trusted in place of the system's."),
        .init("certificate", \.certificate, .string, "A PEM file of the client's certificate."),
        .init("key", \.key, .string, "A PEM file of the client's private key."),
        .init(
          "state", \.state, .bool,
          "Keeps retained topics of what is true now: occupancy of zones, counts, whether streams are connected."),
        .init("homeAssistant", \.homeAssistant, .bool, "Announces the states to Home Assistant; includes `state`."),
        .init(
          "commands", \.commands, .bool,
          "Takes orders below base/set: detection on or off, values of changeable options."
        ),
      ] + ResultSelection.declared([.events, .tracks, .frames, .health]).map { $0.of(\.selection) }
      + SendingSettings.options.map { $0.of(\.sending) }

    package init() {}

    package init(url: String) { self.url = url }
  }

  package static let type = "sink.mqtt"
  package static let summary = "Publishes results to an MQTT broker, with states for Home Assistant."
  package static let role = StageRole.sink
  package static let needsImage = true

  private let configuration: Configuration
  private let outlet: Outlet
  private let board = StateBoard()
  private let watch: MQTTWatch?

  package init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    let settings = try MQTTSettings(configuration, context)
    let template = try TopicTemplate(configuration.topic, .mqtt, option: "topic")
    try Self.check(template, settings)
    let hasStates = configuration.state || configuration.homeAssistant
    let requests = configuration.commands ? context.requests : nil
    let states = MQTTStates(
      base: settings.base, board,
      configuration.homeAssistant ? HomeAssistant(settings, pipeline: context.pipeline) : nil)
    let watch = hasStates || requests != nil ? MQTTWatch(states, requests, keepsStates: hasStates) : nil
    let commands = requests.map { MQTTCommands(base: settings.base, .init($0, states)) }
    let passwordFile = configuration.passwordFile, board = board
    var plan = Outlet.Plan(
      configuration.selection, configuration.sending, shape: TopicShape(template: template),
      receiver: settings.address
    ) {
      var settings = settings
      if let passwordFile { settings.password = try MQTTSettings.password(from: passwordFile) }
      try settings.checkFiles()
      settings.warnOfPlainText(context.logger)
      let library = try MosquittoLibrary.shared()
      // What the library refuses is told when the run begins.
      _ = try MosquittoClient(library, settings)
      watch?.begin()
      let ready = settings
      return {
        MQTTSender(library, ready, board: board, commands: commands, clock: context.clock, logger: context.logger)
      }
    }
    if let watch {
      plan.watch = { watch.see($0) }
      plan.watchHealth = { watch.see($0) }
    }
    self.watch = watch
    outlet = try Outlet(plan, context: context)
  }

  /// Results must not look like orders to ourselves.
  private static func check(_ template: TopicTemplate, _ settings: MQTTSettings) throws(PipelineError) {
    guard settings.takesCommands else { return }
    var facts = ItemFacts()
    (facts.pipeline, facts.stream, facts.kind, facts.stage) = ("set", "set", "set", "set")
    (facts.label, facts.zone) = ("set", "set")
    if template.topic(facts).hasPrefix(settings.base + "/set/") {
      throw PipelineError(
        "'topic' can lie below '\(settings.base)/set/', where orders come",
        remedy: "put another level before the fields",
        code: .invalidConfiguration)
    }
  }

  package func connect(to peers: StagePeers) { watch?.connect(to: peers) }

  package var interface: StageInterface { outlet.interface }

  package func files(for streams: [String]) -> [FileUse] {
    outlet.files + configuration.files.map { .reads($0.path, as: "\($0.what) of the broker") }
  }

  package func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker { try outlet.makeWorker(worker) }

  package var tips: [StageTip] { outlet.tips }

  package var facts: [String: ReportValue] {
    var facts = outlet.facts
    if watch != nil { facts["state_topics"] = .int(board.count) }
    if board.leftOut > 0 { facts["state_topics_left_out"] = .int(board.leftOut) }
    return facts
  }
}

extension MQTTSink.Configuration {
  /// What it names, with what it is.
  var files: [(path: String, what: String)] {
    [
      (ca, "the authorities"), (certificate, "the certificate"), (key, "the private key"),
      (passwordFile, "the password"),
    ]
    .compactMap { path, what in path.map { ($0, what) } }
  }
}
