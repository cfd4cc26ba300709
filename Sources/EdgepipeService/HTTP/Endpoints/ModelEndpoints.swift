#if WebServer
  import EdgepipeCore
  import Foundation
  import Hummingbird

  extension ServiceContent {
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
          summary: "Fetches a model; each file is checked by its SHA-256. The answer comes when it is there.",
          parameters: [.path("model", "Its name.")],
          answer: .json(Shape.object(["model": Shape.text]), "It is installed."),
          refusals: [.notFound, .unprocessableContent, .serviceUnavailable]
        ) { call in
          let model = call.need("model")
          try ServicePlan.check(model)
          let run = try await pulls.run {
            try ProgramRun(program, ["models", "pull", "--", model], seconds: 3600)
          }
          _ = try run.result()
          return .json(.object(["model": .string(model)]))
        },
      ]
    }
  }
#endif
