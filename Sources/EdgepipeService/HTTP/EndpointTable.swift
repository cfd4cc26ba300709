#if WebServer
  import EdgepipeCore
  import Foundation
  import Hummingbird

  /// Finds the endpoint of a request and checks what it brings.
  struct EndpointTable: Sendable {
    let endpoints: [Endpoint]

    /// - Throws: ``Problem``: 404 for an unknown path, 405 with `Allow` for another method.
    func find(_ method: HTTPRequest.Method, _ path: Substring) throws(Problem) -> (Endpoint, [String: String]) {
      let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
        String($0).removingPercentEncoding
      }
      var allowed: [String] = []
      for endpoint in endpoints {
        guard let parameters = Self.match(endpoint.segments, segments) else { continue }
        if endpoint.method == method { return (endpoint, parameters) }
        allowed.append(endpoint.method.rawValue)
      }
      guard !allowed.isEmpty else {
        throw Problem(.notFound, "there is nothing at this path", remedy: "/v1/openapi.json lists the paths")
      }
      if allowed.contains("GET") { allowed.append("HEAD") }
      throw Problem(
        .methodNotAllowed, "the methods of this path are \(allowed.joined(separator: ", "))",
        headers: [.allow: allowed.joined(separator: ", ")])
    }

    private static func match(_ pattern: [Substring], _ segments: [String?]) -> [String: String]? {
      guard pattern.count == segments.count else { return nil }
      var parameters: [String: String] = [:]
      for (wanted, given) in zip(pattern, segments) {
        guard let given else { return nil }
        if wanted.hasPrefix("{"), !given.isEmpty {
          parameters[String(wanted.dropFirst().dropLast())] = given
        } else if wanted != given {
          return nil
        }
      }
      return parameters
    }

    /// Checks parameters and body.
    ///
    /// - Throws: ``Problem`` 400 with everything that does not fit.
    static func call(
      _ endpoint: Endpoint, _ path: [String: String], _ request: Request, body: [UInt8], from client: Client
    ) throws(Problem) -> Call {
      var issues = IssueCollector(file: "request")
      let query = try queryItems(request.head.path ?? "")
      for name in query.keys.sorted()
      where !endpoint.parameters.contains(where: { $0.place == .query && $0.name == name }) {
        throw Problem(
          .badRequest, "unknown query parameter \(Quoted.text(name))",
          remedy: "/v1/openapi.json lists the parameters", code: .invalidArgument)
      }
      var values: [String: JSONNode] = [:]
      for parameter in endpoint.parameters {
        let given: String? =
          switch parameter.place {
          case .path: path[parameter.name]
          case .query: query[parameter.name]
          case .header: request.headers.first { $0.name.canonicalName == parameter.name.lowercased() }?.value
          }
        guard let text = given else {
          values[parameter.name] = parameter.usual.flatMap { JSONParser.value($0, origin: .none) }
          continue
        }
        let node = Self.node(text, parameter.kind)
        parameter.kind.validate(node, path: parameter.name, issues: &issues)
        values[parameter.name] = node
      }
      var node: JSONNode?
      if let schema = endpoint.body {
        node = JSONParser.parse(body, issues: &issues)
        if let node { schema.validate(node, path: "", issues: &issues) }
      } else if !body.isEmpty {
        throw Problem(.badRequest, "this request takes no body", code: .invalidArgument)
      }
      if let errors = issues.errors { throw Problem(.badRequest, errors.description, code: .invalidArgument) }
      return Call(
        request: request, values: values, body: node, address: client.address, isEncrypted: client.isEncrypted,
        basePath: client.basePath)
    }

    private static func node(_ text: String, _ kind: ObjectSchema.ValueKind) -> JSONNode {
      switch kind {
      case .integer, .number, .bool: JSONParser.value(text, origin: .none) ?? JSONNode(.string(text), origin: .none)
      default: JSONNode(.string(text), origin: .none)
      }
    }

    private static func queryItems(_ target: String) throws(Problem) -> [String: String] {
      guard let mark = target.firstIndex(of: "?") else { return [:] }
      var items: [String: String] = [:]
      for item in target[target.index(after: mark)...].split(separator: "&") {
        let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let texts = parts.map { String($0).replacingOccurrences(of: "+", with: " ").removingPercentEncoding }
        guard let name = texts[0], let value = texts.count > 1 ? texts[1] : .some(""), items[name] == nil else {
          throw Problem(.badRequest, "the query cannot be read, or names a parameter twice", code: .invalidArgument)
        }
        items[name] = value
      }
      return items
    }
  }
#endif
