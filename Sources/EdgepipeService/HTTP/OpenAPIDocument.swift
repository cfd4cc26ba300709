#if WebServer
  import EdgepipeCore
  import Hummingbird
  import Pipeline

  /// The OpenAPI 3.1 document of the interface, made from its endpoints.
  enum OpenAPIDocument {
    static func value(_ endpoints: [Endpoint]) -> ReportValue {
      var paths: [String: [String: ReportValue]] = [:]
      for endpoint in endpoints {
        paths[endpoint.path, default: [:]][endpoint.method.rawValue.lowercased()] = operation(endpoint)
      }
      return .object([
        "openapi": .string("3.1.0"),
        "info": .object([
          "title": .string("edgepipe serve"), "version": .string("1"),
          "description": .string("Starts, stops, watches and changes the pipelines of one machine."),
        ]),
        "paths": .object(paths.mapValues { .object($0) }),
        "components": .object([
          "schemas": .object(["Problem": Problem.schema]),
          "securitySchemes": .object([
            "token": .object(["type": .string("http"), "scheme": .string("bearer")])
          ]),
        ]),
      ])
    }

    private static func operation(_ endpoint: Endpoint) -> ReportValue {
      var members: [String: ReportValue] = [
        "operationId": .string(endpoint.id), "summary": .string(endpoint.summary),
        "tags": .list([.string(endpoint.tag)]),
        "security": .list(endpoint.role == .anyone ? [] : [.object(["token": .list([])])]),
      ]
      if endpoint.role != .anyone { members["x-role"] = .string(endpoint.role.rawValue) }
      if !endpoint.parameters.isEmpty { members["parameters"] = .list(endpoint.parameters.map(parameter)) }
      if let body = endpoint.body {
        members["requestBody"] = .object([
          "required": .bool(true), "content": content("application/json", ReportValue(body.jsonSchema)),
        ])
      }
      var responses: [String: ReportValue] = [:]
      for answer in [endpoint.answer] + endpoint.otherAnswers { responses["\(answer.status.code)"] = success(answer) }
      for status in refusals(of: endpoint) {
        responses["\(status.code)"] = .object([
          "description": .string(status.reasonPhrase),
          "content": content("application/problem+json", .object(["$ref": .string("#/components/schemas/Problem")])),
        ])
      }
      members["responses"] = .object(responses)
      return .object(members)
    }

    static func refusals(of endpoint: Endpoint) -> [HTTPResponse.Status] {
      var statuses: [HTTPResponse.Status] = [.badRequest, .forbidden, .tooManyRequests] + endpoint.refusals
      if endpoint.role != .anyone { statuses.append(.unauthorized) }
      if endpoint.body != nil { statuses += [.contentTooLarge, .unsupportedMediaType] }
      return statuses
    }

    private static func parameter(_ parameter: Endpoint.Parameter) -> ReportValue {
      var schema: [String: ReportValue] = [:]
      if case .object(let members) = ReportValue(parameter.kind.jsonSchema) { schema = members }
      schema["default"] = parameter.usual.flatMap { JSONParser.value($0, origin: .none) }.map { ReportValue($0) }
      return .object([
        "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
        "required": .bool(parameter.place == .path), "description": .string(parameter.summary),
        "schema": .object(schema),
      ])
    }

    private static func success(_ answer: Endpoint.Answer) -> ReportValue {
      var members: [String: ReportValue] = ["description": .string(answer.summary)]
      if let type = answer.type { members["content"] = content(type, answer.schema ?? .object([:])) }
      return .object(members)
    }

    private static func content(_ type: String, _ schema: ReportValue) -> ReportValue {
      .object([type: .object(["schema": schema])])
    }
  }
#endif
