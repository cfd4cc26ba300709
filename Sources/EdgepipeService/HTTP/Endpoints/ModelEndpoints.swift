#if WebServer
  import EdgepipeCore
  import Foundation
  import Hummingbird

  extension ServiceContent {
    private static let pull = Shape.object([
      "model": Shape.text, "detail": Shape.nullable("string"),
      "state": .object(["type": .string("string"), "enum": .list(["pulling", "done", "failed"].map { .string($0) })]),
    ])

    /// A name that the command line takes for one.
    private static func check(_ model: String) throws(PipelineError) {
      guard (try? ServicePlan.check(model)) != nil else {
        throw PipelineError(
          "\(Quoted.text(model)) cannot be the name of a model", remedy: "GET /v1/models lists them",
          code: .invalidArgument)
      }
    }

    var modelEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .get, path: "/v1/models", id: "listModels", tag: "models", role: .viewer,
          summary: "Lists the models that are installed or can be pulled, as 'edgepipe models list --json' does.",
          answer: .json(Shape.anything, "The models."), refusals: [.serviceUnavailable]
        ) { _ in
          let text = try await blocking.run { try ProgramRun(program, ["models", "list", "--json"]).result() }
          return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        },
        Endpoint(
          method: .post, path: "/v1/models/{model}/pull", id: "pullModel", tag: "models", role: .operator,
          summary: "Begins to fetch a model; each file is checked by its SHA-256. One is fetched at a time.",
          parameters: [.path("model", "Its name.")],
          answer: .json(Self.pull, "It is being fetched.", .accepted), refusals: [.serviceUnavailable]
        ) { call in
          let model = call.need("model")
          try Self.check(model)
          try pulls.start(model)
          return .json(pulls.value(model) ?? .null, .accepted)
        },
        Endpoint(
          method: .get, path: "/v1/models/{model}/pull", id: "getPull", tag: "models", role: .viewer,
          summary: "What has become of fetching a model.", parameters: [.path("model", "Its name.")],
          answer: .json(Self.pull, "pulling, done or failed, with the reason."), refusals: [.notFound]
        ) { call in
          guard let value = pulls.value(call.need("model")) else {
            throw PipelineError("nobody has asked for this model since the service was started", code: .notFound)
          }
          return .json(value)
        },
      ]
    }
  }
#endif
