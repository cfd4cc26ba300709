#if WebServer
  import EdgepipeCore
  import Pipeline

  /// What the endpoints work with.
  struct ServiceContent: Sendable {
    let supervisor: Supervisor
    /// `edgepipe`, for what the supervisor does not know itself: models, templates, checks.
    let program: String
    let blocking = Blocking(threads: 16)
    /// For what may take long, such as opening a model: it must not hold up the rest.
    let slow = Blocking(threads: 4)
    let pictures = Blocking(threads: 8)
    let pulls: ModelPulls
    let feeds: PictureFeeds
    let refusals: RefusalCounts
    let access: AccessControl
    /// Pictures and files in which nothing is hidden are shown to nobody.
    var showsOnlyAnonymized = false

    /// - Throws: `notFound`.
    func keeper(_ name: String) throws(PipelineError) -> PipelineKeeper {
      guard let keeper = supervisor.keeper(name) else {
        let names = supervisor.pipelines.map(\.name)
        throw PipelineError(
          "there is no pipeline \(Quoted.text(name))",
          remedy: NearestName.suggestion(for: name, among: names).map { "did you mean '\($0)'?" }
            ?? (names.isEmpty ? nil : "pipelines: \(names.prefix(20).joined(separator: ", "))"), code: .notFound)
      }
      return keeper
    }

    /// Asks a run over its control socket.
    ///
    /// - Returns: the members of the answer.
    /// - Throws: what the run refuses; `unavailable` where it does not run.
    func ask(
      _ name: String, _ command: String, _ members: [String: ReportValue] = [:]
    ) async throws -> [String: ReportValue] {
      let keeper = try keeper(name)
      let pool = command == "picture" ? pictures : command == "set" ? slow : blocking
      return try await pool.run { try keeper.ask(command, members) }
    }

    /// What is asked of a run for its pictures, beside what the client wants.
    var pictureMembers: [String: ReportValue] {
      showsOnlyAnonymized ? ["requires": .string(StageRequirement.anonymized.rawValue)] : [:]
    }

    func stop() {
      for pool in [blocking, slow, pictures] { pool.stop() }
    }

    var endpoints: [Endpoint] {
      pipelineEndpoints + streamEndpoints + settingEndpoints + pictureEndpoints + [pictureStreamEndpoint]
        + eventEndpoints + fileEndpoints + modelEndpoints + sessionEndpoints + healthEndpoints + pageEndpoints
    }
  }

  /// Schemas of answers.
  enum Shape {
    static let text = ReportValue.object(["type": .string("string")])
    static let integer = ReportValue.object(["type": .string("integer")])
    static let flag = ReportValue.object(["type": .string("boolean")])
    static let anything = ReportValue.object([:])

    static func object(_ properties: [String: ReportValue]) -> ReportValue {
      .object([
        "type": .string("object"), "properties": .object(properties),
        "required": .list(properties.keys.sorted().map { .string($0) }),
      ])
    }

    static func list(_ items: ReportValue) -> ReportValue { .object(["type": .string("array"), "items": items]) }

    static func nullable(_ type: String) -> ReportValue {
      .object(["type": .list([.string(type), .string("null")])])
    }

    static let pipeline = object([
      "name": text, "file": text, "pid": nullable("integer"), "since": text, "restarts": integer,
      "last_end": nullable("string"), "fps": nullable("number"), "streams": nullable("array"),
      "state": .object([
        "type": .string("string"),
        "enum": .list(PipelineStatus.Phase.allCases.map { .string($0.rawValue) }),
      ]),
    ])
  }

  extension Endpoint.Parameter {
    static let pipeline = Endpoint.Parameter.path("name", "The pipeline.")
  }
#endif
