#if WebServer
  import EdgepipeCore
  import Foundation
  import Hummingbird

  extension ServiceContent {
    var pipelineEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/v1/pipelines", id: "listPipelines", tag: "pipelines", role: .viewer,
          summary: "Lists the pipelines with their states.",
          answer: .json(Shape.object(["pipelines": Shape.list(Shape.pipeline)]), "All pipelines.")
        ) { _ in .json(.object(["pipelines": .list(supervisor.pipelines.map(\.value))])) },
        Endpoint(
          method: .post, path: "/v1/pipelines", id: "createPipeline", tag: "pipelines", role: .operator,
          summary: "Makes a pipeline from a template or a whole pipeline file, checks it, and starts it.",
          body: Self.creation, answer: .json(Shape.pipeline, "The new pipeline.", .created),
          refusals: [.conflict, .unprocessableContent, .serviceUnavailable]
        ) { call in
          let name = try await slow.run { try create(call.body) }
          return .json(try keeper(name).status.value, .created)
        },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}", id: "getPipeline", tag: "pipelines", role: .viewer,
          summary: "Shows one pipeline.", parameters: [.pipeline],
          answer: .json(Shape.pipeline, "The pipeline."), refusals: [.notFound]
        ) { call in .json(try keeper(call.need("name")).status.value) },
        Endpoint(
          method: .delete, path: "/v1/pipelines/{name}", id: "deletePipeline", tag: "pipelines", role: .operator,
          summary: "Drains and removes a pipeline that was made over this interface.", parameters: [.pipeline],
          answer: Endpoint.Answer(status: .noContent, type: nil, summary: "It is gone."),
          refusals: [.notFound, .conflict]
        ) { call in
          let name = try keeper(call.need("name")).entry.name
          try await slow.run { try supervisor.remove(name) }
          return Response(status: .noContent)
        },
        wish("start", "Starts a pipeline that does not run.") { keeper in
          try keeper.keep { $0.isStopped = false }
          keeper.start()
        },
        wish("stop", "Drains a pipeline; it stays stopped until it is started, also when the service starts again.") {
          keeper in
          try keeper.keep { $0.isStopped = true }
          keeper.stop()
        },
        wish("drain", "Drains a pipeline until it is started, or the service starts again.") { $0.stop() },
        wish("restart", "Drains a pipeline and starts it again, with what has been changed of it.") { keeper in
          try keeper.keep { $0.isStopped = false }
          keeper.restart()
        },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/changes", id: "getChanges", tag: "pipelines", role: .operator,
          summary: "What has been changed of the pipeline over this interface, and is done again to each of its runs.",
          parameters: [.pipeline],
          answer: .json(
            Shape.object([
              "version": Shape.integer, "stopped": Shape.flag, "options": Shape.anything,
              "added": Shape.list(Shape.anything), "removed": Shape.list(Shape.text),
            ]), "The changes."), refusals: [.notFound]
        ) { call in
          let keeper = try keeper(call.need("name"))
          return .json(try await blocking.run { try keeper.readChanges().redacted })
        },
        Endpoint(
          method: .delete, path: "/v1/pipelines/{name}/changes", id: "forgetChanges", tag: "pipelines", role: .operator,
          summary: "Forgets them: the next run is as the pipeline file says.", parameters: [.pipeline],
          answer: Endpoint.Answer(status: .noContent, type: nil, summary: "They are forgotten."), refusals: [.notFound]
        ) { call in
          let keeper = try keeper(call.need("name"))
          try await blocking.run { try keeper.keep { $0 = RunChanges() } }
          return Response(status: .noContent)
        },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/report", id: "getReport", tag: "pipelines", role: .viewer,
          summary: "The report of the last run that has ended.", parameters: [.pipeline],
          answer: .json(Shape.anything, "The run report."), refusals: [.notFound]
        ) { call in
          let keeper = try keeper(call.need("name"))
          let path = keeper.folder.report
          guard let data = await (try? blocking.run({ FileManager.default.contents(atPath: path) })) ?? nil else {
            throw PipelineError("no run of '\(keeper.entry.name)' has ended yet", code: .notFound)
          }
          return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
        },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/log", id: "getLog", tag: "pipelines", role: .operator,
          summary: "The last lines of the log.",
          parameters: [.pipeline, .query("lines", .integer(1...1000), usual: "100", "How many, at most.")],
          answer: Endpoint.Answer(status: .ok, type: "text/plain", summary: "Lines of text.", schema: Shape.text),
          refusals: [.notFound]
        ) { call in
          let folder = try keeper(call.need("name")).folder, count = call.integer("lines") ?? 100
          let lines = try await blocking.run { folder.lastLines(count) }
          return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: lines.map { $0 + "\n" }.joined())))
        },
      ]
    }

    private func wish(
      _ verb: String, _ summary: String, _ act: @escaping @Sendable (PipelineKeeper) throws -> Void
    ) -> Endpoint {
      Endpoint(
        method: .post, path: "/v1/pipelines/{name}/\(verb)", id: "\(verb)Pipeline", tag: "pipelines", role: .operator,
        summary: summary, parameters: [.pipeline],
        answer: .json(Shape.pipeline, "It has been told; the state changes later.", .accepted), refusals: [.notFound]
      ) { call in
        let keeper = try keeper(call.need("name"))
        try await blocking.run { try act(keeper) }
        return .json(keeper.status.value, .accepted)
      }
    }

    // MARK: - Making one

    private static let creation = ObjectSchema([
      .init("name", .string, required: true, "Of the pipeline: letters, digits, '-', '_' and '.', 64 at most."),
      .init("template", .string, "The name of a template, as 'edgepipe new' lists them; else give 'pipeline'."),
      .init(
        "cameras", .list(.string, count: 0...64),
        "The inputs of the template's sources, in order. ${NAME} is expanded in the run."),
      .init("pipeline", .anyObject, "A whole pipeline file."),
      .init("start", .bool, default: "true", "Starts it at once, and with the service."),
    ])

    private func create(_ body: JSONNode?) throws -> String {
      let name = body?["name"]?.string ?? ""
      try ServicePlan.check(name)
      let text: String
      switch (body?["template"]?.string, body?["pipeline"]) {
      case (let template?, nil):
        text = try filled(template, (body?["cameras"]?.elements ?? []).compactMap(\.string))
      case (nil, let pipeline?): text = pipeline.text(indented: true) + "\n"
      default:
        throw PipelineError("give either 'template' or 'pipeline'", code: .invalidArgument)
      }
      try supervisor.create(name, text, starts: body?["start"]?.bool ?? true) { file in
        do {
          _ = try ProgramRun(program, ["validate", file]).result()
        } catch let error as PipelineError where error.code == .writeFailed {
          // It names a place that cannot be written: a mistake of the file, and no fault of the service.
          throw PipelineError(error.message, remedy: error.remedy, code: .invalidConfiguration)
        }
      }
      return name
    }

    /// A template with inputs, which are put in here: what is on a command line can be read by every user of the machine.
    private func filled(_ template: String, _ cameras: [String]) throws -> String {
      let marks = cameras.indices.map { "edgepipe-camera-\($0)" }
      let text = try ProgramRun(
        program, ["new", template, "--output", "-"] + marks.flatMap { ["--camera", $0] }
      ).result()
      return zip(marks, cameras).reduce(text) { text, pair in
        text.replacingOccurrences(of: "\"\(pair.0)\"", with: ReportValue.string(pair.1).line)
      }
    }
  }
#endif
