#if WebServer
  import EdgepipeCore
  import Hummingbird

  extension ServiceContent {
    var streamEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/streams", id: "listStreams", tag: "streams", role: .viewer,
          summary: "Lists the streams of a pipeline with their health.", parameters: [.pipeline],
          answer: .json(Shape.object(["streams": Shape.list(Shape.anything)]), "All streams."),
          refusals: [.notFound, .serviceUnavailable]
        ) { call in
          .json(.object(["streams": try await ask(call.need("name"), "list")["streams"] ?? .list([])]))
        },
        Endpoint(
          method: .post, path: "/v1/pipelines/{name}/streams", id: "addStream", tag: "streams", role: .operator,
          summary: "Adds a stream to a running pipeline.", parameters: [.pipeline],
          body: ObjectSchema([
            .init("id", .string, required: true, "Its name in every output."),
            .init("url", .string, required: true, "Its input; ${NAME} is expanded in the run."),
            .init("source", .string, "The source stage to add it to, where there are several."),
          ]),
          answer: Endpoint.Answer(status: .noContent, type: nil, summary: "It has been added."),
          refusals: [.notFound, .conflict, .unprocessableContent, .serviceUnavailable]
        ) { call in
          var members: [String: ReportValue] = [:]
          for (key, name) in [("id", "stream"), ("url", "url"), ("source", "source")] {
            members[name] = call.body?[key]?.string.map { .string($0) }
          }
          _ = try await ask(call.need("name"), "add-stream", members)
          return Response(status: .noContent)
        },
        Endpoint(
          method: .delete, path: "/v1/pipelines/{name}/streams/{stream}", id: "removeStream", tag: "streams",
          role: .operator, summary: "Removes a stream; its frames in flight are still delivered.",
          parameters: [.pipeline, .path("stream", "The stream.")],
          answer: Endpoint.Answer(status: .noContent, type: nil, summary: "It is being removed."),
          refusals: [.notFound, .serviceUnavailable]
        ) { call in
          do {
            _ = try await ask(call.need("name"), "remove-stream", ["stream": .string(call.need("stream"))])
          } catch let error as PipelineError where error.code == .invalidArgument {
            // The stream is a part of the path here, not an argument.
            throw PipelineError(error.message, remedy: error.remedy, code: .notFound)
          }
          return Response(status: .noContent)
        },
      ]
    }

    var settingEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .patch, path: "/v1/pipelines/{name}/stages/{stage}", id: "changeOptions", tag: "settings",
          role: .operator,
          summary: """
            Changes options of a running stage that are changeable, such as score or model, between two frames. A model is \
            opened and tried before the old one goes.
            """,
          parameters: [.pipeline, .path("stage", "The stage.")],
          body: ObjectSchema([.init("options", .anyObject, required: true, "New values by option.")]),
          answer: .json(Shape.object(["change": Shape.anything]), "Old and new values."),
          refusals: [.notFound, .unprocessableContent, .serviceUnavailable]
        ) { call in
          let options = call.body?["options"].map { ReportValue($0) } ?? .object([:])
          let answer = try await ask(
            call.need("name"), "set", ["stage": .string(call.need("stage")), "options": options])
          return .json(.object(["change": answer["change"] ?? .null]))
        },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/graph", id: "getGraph", tag: "settings", role: .viewer,
          summary: """
            The stages of a running pipeline with what each comes after, and their options that change: values, defaults \
            and limits.
            """,
          parameters: [.pipeline],
          answer: .json(Shape.object(["stages": Shape.list(Shape.anything)]), "All stages, in order."),
          refusals: [.notFound, .serviceUnavailable]
        ) { call in .json(.object(["stages": try await ask(call.need("name"), "graph")["stages"] ?? .list([])])) },
        Endpoint(
          method: .get, path: "/v1/pipelines/{name}/stages", id: "listStages", tag: "settings", role: .viewer,
          summary: "Lists the stages of a running pipeline with their rates, queues, losses and times.",
          parameters: [.pipeline],
          answer: .json(Shape.object(["stages": Shape.list(Shape.anything)]), "All stages, in order."),
          refusals: [.notFound, .serviceUnavailable]
        ) { call in
          guard let stages = try keeper(call.need("name")).status.figures["stages"] else {
            throw PipelineError(
              "there are no figures of '\(call.need("name"))' yet", remedy: "try again in a second", code: .unavailable)
          }
          return .json(.object(["stages": stages]))
        },
      ]
    }
  }
#endif
